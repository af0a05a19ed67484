;; Attack: a type section that announces four thousand million types and holds none: nothing may be
;; allocated for them.
;; Answer: CREATE fails: the module is invalid.
(module binary
  "\00\61\73\6d\01\00\00\00\01\05\ff\ff\ff\ff\0f")
