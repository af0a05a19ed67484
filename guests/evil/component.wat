;; Attack: a component, not a module.
;; Answer: CREATE fails: the error says that this is a component.
(component)
