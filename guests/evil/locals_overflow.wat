;; Attack: a function whose groups of locals add up to more than 32 bits hold.
;; Answer: CREATE fails: the module is invalid, or the limit on locals is named.
(module binary
  "\00\61\73\6d\01\00\00\00\01\0c\02\60\02\7f\7f\01\7f\60\01\7f\01\7f\03\03"
  "\02\01\00\05\03\01\00\10\07\30\03\06\6d\65\6d\6f\72\79\02\00\11\63\6f\6d"
  "\6d\65\6e\73\61\6c\5f\73\63\72\61\74\63\68\00\00\0f\6c\6f\63\61\6c\73\5f"
  "\6f\76\65\72\66\6c\6f\77\00\01\0a\1e\02\05\00\41\80\20\0b\16\03\ff\ff\ff"
  "\ff\0f\7e\ff\ff\ff\ff\0f\7e\ff\ff\ff\ff\0f\7e\41\00\0b")
