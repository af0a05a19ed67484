;; Attack: a function with 50,000 locals, declared in three bytes: compilers take time and stack
;; quadratic in such numbers. In binary form because only that is short.
;; Answer: CREATE fails: the limit on locals and the function are named, before anything is
;; compiled.
(module binary
  "\00\61\73\6d\01\00\00\00\01\0c\02\60\02\7f\7f\01\7f\60\01\7f\01\7f\03\03"
  "\02\01\00\05\03\01\00\10\07\2c\03\06\6d\65\6d\6f\72\79\02\00\11\63\6f\6d"
  "\6d\65\6e\73\61\6c\5f\73\63\72\61\74\63\68\00\00\0b\6c\6f\63\61\6c\73\5f"
  "\6d\61\6e\79\00\01\0a\10\02\05\00\41\80\20\0b\08\01\d0\86\03\7e\41\00\0b")
