;; Attack: a code section that claims to be four GiB long.
;; Answer: CREATE fails: the module is invalid.
(module binary
  "\00\61\73\6d\01\00\00\00\01\0c\02\60\02\7f\7f\01\7f\60\01\7f\01\7f\03\03"
  "\02\01\00\05\03\01\00\10\07\35\03\06\6d\65\6d\6f\72\79\02\00\11\63\6f\6d"
  "\6d\65\6e\73\61\6c\5f\73\63\72\61\74\63\68\00\00\14\66\75\6e\63\74\69\6f"
  "\6e\5f\63\6f\75\6e\74\5f\77\72\6f\6e\67\00\01\0a\ff\ff\ff\ff\0f\02")
