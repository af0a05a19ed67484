//! Sections with any number of items, each kind in the ways that an executor treats differently.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection,
    MemorySection, MemoryType, Module, NameMap, NameSection, RefType, StartSection, TableSection,
    TableType, TypeSection, ValType,
};

/// A section's name and how it is filled.
type Fill = fn(&mut Sections, u32);

const SECTIONS: &[(&str, Fill)] = &[
    ("types", |s, n| (0..n).for_each(|i| s.many_params(i, 1 + i % 100))),
    ("imports", |s, n| {
        s.types.ty().function([], [ValType::I32]);
        let ty = s.types.len() - 1;
        (0..n).for_each(|_| {
            s.imports.import("commensal", "interrupted", EntityType::Function(ty));
        });
    }),
    ("functions", |s, n| (0..n).for_each(|_| s.function(0, []))),
    ("functions_locals", |s, n| (0..n).for_each(|_| s.function(0, [(10_000, ValType::I64)]))),
    ("functions_local_groups", |s, n| {
        let groups = [(1, ValType::I32), (1, ValType::F64)];
        (0..n).for_each(|_| s.function(0, groups.into_iter().cycle().take(1000)));
    }),
    ("functions_params", |s, n| {
        s.many_params(0, 127);
        let ty = s.types.len() - 1;
        (0..n).for_each(|_| s.function(ty, []));
    }),
    ("functions_exported", |s, n| {
        (0..n).for_each(|i| {
            s.function(0, []);
            s.exports.export(&format!("f{i}"), ExportKind::Func, i);
        });
    }),
    ("functions_exported_params", |s, n| {
        s.many_params(0, 127);
        let ty = s.types.len() - 1;
        (0..n).for_each(|i| {
            s.function(ty, []);
            s.exports.export(&format!("f{i}"), ExportKind::Func, i);
        });
    }),
    ("functions_exported_types", |s, n| {
        (0..n).for_each(|i| {
            s.many_params(i, 100);
            s.function(i + 1, []);
            s.exports.export(&format!("f{i}"), ExportKind::Func, i);
        });
    }),
    ("functions_results", |s, n| {
        let results = std::iter::repeat_n(ValType::I64, 127);
        s.types.ty().function([], results);
        for _ in 0..n {
            s.functions.function(1);
            let mut f = Function::new([]);
            (0..127).for_each(|i| {
                f.instructions().i64_const(i);
            });
            f.instructions().end();
            s.code.function(&f);
        }
    }),
    ("functions_named", |s, n| {
        let mut names = NameMap::new();
        (0..n).for_each(|i| {
            s.function(0, []);
            names.append(i, &format!("a rather long name of a function, the one with {i}"));
        });
        s.names.functions(&names);
    }),
    ("exports", |s, n| {
        s.function(0, []);
        (0..n).for_each(|i| {
            s.exports.export(&format!("f{i}"), ExportKind::Func, 0);
        });
    }),
    ("exports_memory", |s, n| {
        (0..n).for_each(|i| {
            s.exports.export(&format!("m{i}"), ExportKind::Memory, 0);
        });
    }),
    ("tables", |s, n| (0..n.min(100)).for_each(|_| s.table(0, None))),
    ("tables_filled", |s, n| {
        s.function(0, []);
        (0..n.min(100)).for_each(|_| s.table(1, Some(ConstExpr::ref_func(0))));
    }),
    ("globals", |s, n| {
        (0..n).for_each(|i| s.global(ValType::I32, &ConstExpr::i32_const(i as i32)));
    }),
    ("globals_v128", |s, n| {
        (0..n).for_each(|i| s.global(ValType::V128, &ConstExpr::v128_const(i.into())));
    }),
    ("globals_func", |s, n| {
        s.function(0, []);
        let ty = ValType::Ref(RefType::FUNCREF);
        (0..n).for_each(|_| s.global(ty, &ConstExpr::ref_func(0)));
    }),
    ("globals_sum", |s, n| {
        (0..n).for_each(|_| s.global(ValType::I32, &computed()));
    }),
    ("global_long", |s, n| {
        let mut sum = ConstExpr::i64_const(1);
        for i in 0..n {
            sum = sum.with_i64_const(i.into()).with_i64_add();
        }
        s.global(ValType::I64, &sum);
    }),
    ("elements_active", |s, n| {
        s.function(0, []);
        s.table(100, None);
        (0..n).for_each(|_| {
            let offset = ConstExpr::i32_const(0);
            s.elements.active(Some(0), &offset, Elements::Functions((&[0][..]).into()));
        });
    }),
    ("elements_active_one", |s, n| {
        s.function(0, []);
        s.table(n + 1, None);
        let all = vec![0; n as usize];
        s.elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions((&all).into()));
    }),
    ("elements_dynamic", |s, n| {
        s.function(0, []);
        s.table(100, None);
        (0..n).for_each(|_| {
            let offset = computed();
            s.elements.active(Some(0), &offset, Elements::Functions((&[0][..]).into()));
        });
    }),
    ("elements_dynamic_one", |s, n| {
        s.function(0, []);
        s.table(n + 1, None);
        let all = vec![0; n as usize];
        s.elements.active(Some(0), &computed(), Elements::Functions((&all).into()));
    }),
    ("elements_dynamic_distinct", |s, n| {
        (0..n).for_each(|_| s.function(0, []));
        s.table(n + 1, None);
        let all: Vec<u32> = (0..n).collect();
        s.elements.active(Some(0), &computed(), Elements::Functions((&all).into()));
    }),
    ("elements_expressions", |s, n| {
        s.function(0, []);
        s.table(n + 1, None);
        let all = vec![ConstExpr::ref_func(0); n as usize];
        let all = Elements::Expressions(RefType::FUNCREF, (&all).into());
        s.elements.active(Some(0), &ConstExpr::i32_const(0), all);
    }),
    ("elements_nulls", |s, n| {
        s.table(n + 1, None);
        let all = vec![ConstExpr::ref_null(HeapType::FUNC); n as usize];
        let all = Elements::Expressions(RefType::FUNCREF, (&all).into());
        s.elements.active(Some(0), &ConstExpr::i32_const(0), all);
    }),
    ("elements_passive", |s, n| {
        s.function(0, []);
        (0..n).for_each(|_| {
            s.elements.passive(Elements::Functions((&[0][..]).into()));
        });
    }),
    ("elements_passive_one", |s, n| {
        s.function(0, []);
        let all = vec![0; n as usize];
        s.elements.passive(Elements::Functions((&all).into()));
    }),
    ("elements_passive_expressions", |s, n| {
        s.function(0, []);
        let all = vec![ConstExpr::ref_func(0); n as usize];
        s.elements.passive(Elements::Expressions(RefType::FUNCREF, (&all).into()));
    }),
    ("elements_declared", |s, n| {
        s.function(0, []);
        (0..n).for_each(|_| {
            s.elements.declared(Elements::Functions((&[0][..]).into()));
        });
    }),
    ("elements_declared_distinct", |s, n| {
        (0..n).for_each(|_| s.function(0, []));
        let all: Vec<u32> = (0..n).collect();
        s.elements.declared(Elements::Functions((&all).into()));
    }),
    ("data_active", |s, n| {
        (0..n).for_each(|i| {
            s.data.active(0, &ConstExpr::i32_const(i as i32 % 65_536), [1]);
        });
    }),
    ("data_dynamic", |s, n| {
        (0..n).for_each(|_| {
            s.data.active(0, &computed(), [1]);
        });
    }),
    ("data_long", |s, n| {
        let bytes = vec![1; n as usize * 100];
        s.data.active(0, &ConstExpr::i32_const(0), bytes);
    }),
    ("data_passive", |s, n| {
        (0..n).for_each(|_| {
            s.data.passive([1]);
        });
    }),
    ("start", |s, n| {
        (0..n).for_each(|_| s.function(0, []));
        s.start = Some(0);
    }),
];

/// A constant expression with arithmetic, whose value is one.
fn computed() -> ConstExpr {
    ConstExpr::i32_const(0).with_i32_const(1).with_i32_add()
}

pub(crate) fn cases() -> Vec<(String, u32)> {
    SECTIONS.iter().map(|(name, _)| (format!("section:{name}"), 1_000)).collect()
}

pub(crate) fn module(name: &str, n: u32) -> Vec<u8> {
    let (_, fill) = SECTIONS.iter().find(|(known, _)| *known == name).expect("it is known");
    let mut sections = Sections::default();
    sections.types.ty().function([], []);
    fill(&mut sections, n);
    sections.finish()
}

#[derive(Default)]
struct Sections {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    globals: GlobalSection,
    exports: ExportSection,
    start: Option<u32>,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
    names: NameSection,
}

impl Sections {
    /// A function that does nothing.
    fn function(&mut self, ty: u32, locals: impl IntoIterator<Item = (u32, ValType)>) {
        self.functions.function(ty);
        let mut f = Function::new(locals.into_iter().collect::<Vec<_>>());
        f.instructions().end();
        self.code.function(&f);
    }

    /// A type without results that differs from the types of other numbers.
    fn many_params(&mut self, number: u32, count: u32) {
        let ty = |bit: u32| if number >> bit & 1 == 0 { ValType::I64 } else { ValType::F64 };
        self.types.ty().function((0..count).map(|i| ty(i % 20)), []);
    }

    fn table(&mut self, elements: u32, init: Option<ConstExpr>) {
        let ty = TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: elements.into(),
            maximum: None,
            shared: false,
        };
        match init {
            Some(init) => self.tables.table_with_init(ty, &init),
            None => self.tables.table(ty),
        };
    }

    fn global(&mut self, val_type: ValType, init: &ConstExpr) {
        self.globals.global(GlobalType { val_type, mutable: false, shared: false }, init);
    }

    fn finish(self) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 100,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut module = Module::new();
        module.section(&self.types).section(&self.imports).section(&self.functions);
        module.section(&self.tables).section(&memories).section(&self.globals);
        module.section(&self.exports);
        if let Some(function_index) = self.start {
            module.section(&StartSection { function_index });
        }
        module.section(&self.elements);
        module.section(&self.code).section(&self.data).section(&self.names);
        module.finish()
    }
}
