;; Attack: a component, not a module.
;; Answer: CREATE fails: it says that this is a component.
(component)
