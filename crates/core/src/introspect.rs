//! The introspection tables: their names, columns and rows.
//!
//! An adaptor makes tables of them for its engine. A scan sees one snapshot.

use std::collections::HashMap;
use std::sync::Arc;

use crate::compile::ModuleEntry;
use crate::ddl::ObjectKind;
use crate::environment::Environment;
use crate::manifest::FunctionBody;
use crate::manifest::{AggregateMethod, Json, Signature, TableMethod};
use crate::registry::{
    Callable, CollationEntry, FunctionEntry, Namespace, ObjectEntry, Registry, TableEntry,
};
use crate::value::Value;

/// An introspection table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Names and declared types of its columns.
    pub columns: &'static [(&'static str, &'static str)],
    /// Its rows, sorted.
    pub rows: fn(&Registry, &Environment) -> Vec<Vec<Value>>,
}

/// All tables.
pub const TABLES: &[Table] = &[
    Table {
        name: "wasm_functions",
        columns: &[
            ("name", "TEXT"),
            ("arguments", "INTEGER"),
            ("kind", "TEXT"),
            ("extension", "TEXT"),
            ("module", "TEXT"),
            ("export", "TEXT"),
            ("params", "TEXT"),
            ("returns", "TEXT"),
            ("deterministic", "INTEGER"),
            ("options", "TEXT"),
            ("status", "TEXT"),
        ],
        rows: functions,
    },
    Table {
        name: "wasm_modules",
        columns: &[
            ("sha256", "TEXT"),
            ("bytes", "INTEGER"),
            ("abi", "TEXT"),
            ("definitions", "INTEGER"),
            ("functions", "INTEGER"),
            ("compiled", "INTEGER"),
        ],
        rows: modules,
    },
    Table {
        name: "wasm_extensions",
        columns: &[
            ("name", "TEXT"),
            ("module", "TEXT"),
            ("version", "TEXT"),
            ("functions", "INTEGER"),
            ("options", "TEXT"),
            ("info", "TEXT"),
            ("status", "TEXT"),
        ],
        rows: extensions,
    },
    Table {
        name: "wasm_stats",
        columns: &[
            ("name", "TEXT"),
            ("arguments", "INTEGER"),
            ("calls", "INTEGER"),
            ("errors", "INTEGER"),
            ("traps", "INTEGER"),
            ("fuel", "INTEGER"),
            ("time_ns", "INTEGER"),
            ("cache_hits", "INTEGER"),
            ("cache_misses", "INTEGER"),
            ("evictions", "INTEGER"),
            ("instances", "INTEGER"),
        ],
        rows: stats,
    },
];

/// Counts never exceed 2^63.
fn integer(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

fn sorted(registry: &Registry) -> Vec<&FunctionEntry> {
    let mut functions: Vec<_> = registry.functions().map(AsRef::as_ref).collect();
    functions.sort_by(|a: &&FunctionEntry, b| {
        (a.name().to_ascii_lowercase(), a.arguments)
            .cmp(&(b.name().to_ascii_lowercase(), b.arguments))
    });
    functions
}

fn sorted_collations(registry: &Registry) -> Vec<&CollationEntry> {
    let mut collations: Vec<_> = registry.collations().map(AsRef::as_ref).collect();
    collations.sort_by_key(|collation| collation.callable.name.to_ascii_lowercase());
    collations
}

fn sorted_tables(registry: &Registry) -> Vec<&TableEntry> {
    let mut tables: Vec<_> = registry.tables().map(AsRef::as_ref).collect();
    tables.sort_by_key(|table: &&TableEntry| table.callable.name.to_ascii_lowercase());
    tables
}

/// The arguments of a table function, which are its hidden columns. A virtual table has none.
fn table_arguments(entry: &TableEntry) -> Option<Signature> {
    (!entry.table.is_virtual()).then(|| entry.table.signature())
}

fn table_argument_count(entry: &TableEntry) -> Value {
    table_arguments(entry).map(|signature| signature.params.len() as i64).into()
}

fn table_row(entry: &TableEntry) -> Vec<Value> {
    let (kind, method) = match entry.table.is_virtual() {
        true => ("virtual table", TableMethod::Connect),
        false => ("table function", TableMethod::Open),
    };
    let export = entry.table.methods.get(&method).cloned();
    let params = table_arguments(entry).as_ref().map(params);
    let others = [params.into(), Value::Null, false.into()];
    described(&entry.callable, table_argument_count(entry), kind, export, others, entry.shadowed)
}

fn functions(registry: &Registry, _: &Environment) -> Vec<Vec<Value>> {
    let functions = sorted(registry).into_iter().map(|function| {
        let signature = &function.signature;
        described(
            &function.callable,
            function.arguments.into(),
            kind(function),
            export(function),
            [
                params(signature).into(),
                signature.returns.map(|class| class.to_string()).into(),
                function.deterministic.into(),
            ],
            function.shadowed,
        )
    });
    let collations = sorted_collations(registry);
    let collations = collations.into_iter().map(|collation| {
        let export = Some(collation.body.export().to_owned());
        let others = ["text, text".into(), "integer".into(), true.into()];
        described(&collation.callable, Value::Null, "collation", export, others, collation.shadowed)
    });
    let tables = sorted_tables(registry).into_iter().map(table_row);
    functions.chain(tables).chain(collations).collect()
}

/// A row of `wasm_functions`. `others` are params, returns and deterministic.
fn described(
    callable: &Callable,
    arguments: Value,
    kind: &str,
    export: Option<String>,
    others: [Value; 3],
    shadowed: bool,
) -> Vec<Value> {
    let object = &callable.object;
    let extension = (object.kind == ObjectKind::Extension).then(|| object.name.clone());
    let status = match &object.problem {
        Some(problem) => problem.clone(),
        None if shadowed => {
            let what = match callable.namespace {
                Namespace::Functions => "function",
                Namespace::Tables => "table",
                Namespace::Collations => "collation",
            };
            format!("shadowed by another {what} of its name")
        }
        None => "ok".to_owned(),
    };
    let [params, returns, deterministic] = others;
    vec![
        callable.name.clone().into(),
        arguments,
        kind.into(),
        extension.into(),
        object.module.sha256_hex().into(),
        export.into(),
        params,
        returns,
        deterministic,
        crate::catalog::options_text(&object.with).into(),
        status.into(),
    ]
}

fn kind(function: &FunctionEntry) -> &'static str {
    match &function.body {
        FunctionBody::Scalar(_) | FunctionBody::Validator(_) => "scalar",
        FunctionBody::Aggregate(methods) => match methods.get(&AggregateMethod::Inverse) {
            Some(_) => "window",
            None => "aggregate",
        },
    }
}

/// The export of a scalar function, or an aggregate's export that takes rows.
fn export(function: &FunctionEntry) -> Option<String> {
    match &function.body {
        FunctionBody::Scalar(export) | FunctionBody::Validator(export) => Some(export.clone()),
        FunctionBody::Aggregate(methods) => methods.get(&AggregateMethod::Step).cloned(),
    }
}

/// The parameters as a manifest writes them, separated by commas.
fn params(signature: &Signature) -> String {
    let variadic = signature.variadic.map(|param| format!("{param}..."));
    let params = signature.params.iter().map(ToString::to_string);
    params.chain(variadic).collect::<Vec<_>>().join(", ")
}

fn modules(registry: &Registry, _: &Environment) -> Vec<Vec<Value>> {
    let mut objects = HashMap::<_, u64>::new();
    for object in registry.objects() {
        *objects.entry(object.module.sha256).or_default() += 1;
    }
    let mut functions = HashMap::<_, u64>::new();
    for function in registry.functions() {
        *functions.entry(function.object().module.sha256).or_default() += 1;
    }
    let mut modules: Vec<&ModuleEntry> =
        registry.objects().iter().map(|object| object.module.as_ref()).collect();
    modules.sort_by_key(|module| module.sha256);
    modules.dedup_by_key(|module| module.sha256);
    modules
        .into_iter()
        .map(|module| {
            let count = |counts: &HashMap<_, u64>| counts.get(&module.sha256).copied();
            vec![
                module.sha256_hex().into(),
                integer(module.bytes),
                "commensal".into(),
                integer(count(&objects).unwrap_or_default()),
                integer(count(&functions).unwrap_or_default()),
                module.is_compiled().into(),
            ]
        })
        .collect()
}

fn extensions(registry: &Registry, _: &Environment) -> Vec<Vec<Value>> {
    let mut functions = HashMap::<*const ObjectEntry, u64>::new();
    for function in registry.functions() {
        *functions.entry(Arc::as_ptr(function.object())).or_default() += 1;
    }
    let mut extensions: Vec<_> =
        registry.objects().iter().filter(|o| o.kind == ObjectKind::Extension).collect();
    extensions.sort_by_key(|extension| extension.name.to_ascii_lowercase());
    extensions
        .into_iter()
        .map(|extension| {
            let info = extension.module.manifest().ok().flatten().map(|m| m.info.as_slice());
            let info = info.unwrap_or_default();
            let version = info.iter().find(|(key, _)| key == "version").map(|(_, v)| match v {
                Json::Text(text) => text.clone(),
                other => other.to_string(),
            });
            let functions = functions.get(&Arc::as_ptr(extension)).copied().unwrap_or_default();
            vec![
                extension.name.clone().into(),
                extension.module.sha256_hex().into(),
                version.into(),
                integer(functions),
                crate::catalog::options_text(&extension.with).into(),
                Json::Object(info.to_vec()).to_string().into(),
                extension.problem.clone().unwrap_or_else(|| "ok".to_owned()).into(),
            ]
        })
        .collect()
}

fn stats(registry: &Registry, _: &Environment) -> Vec<Vec<Value>> {
    let functions = sorted(registry).into_iter();
    let functions = functions.map(|f| (&f.callable, f.arguments.into()));
    let collations = sorted_collations(registry);
    let collations = collations.into_iter().map(|c| (&c.callable, Value::Null));
    let tables = sorted_tables(registry);
    let tables = tables.into_iter().map(|t| (&t.callable, table_argument_count(t)));
    functions
        .chain(tables)
        .chain(collations)
        .map(|(callable, arguments)| {
            let counts = callable.stats.counts();
            vec![
                callable.name.clone().into(),
                arguments,
                integer(counts.calls),
                integer(counts.errors),
                integer(counts.traps),
                integer(counts.fuel),
                integer(counts.time_ns),
                integer(counts.cache_hits),
                integer(counts.cache_misses),
                integer(counts.evictions),
                integer(counts.instances),
            ]
        })
        .collect()
}
