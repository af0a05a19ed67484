//! The canonical text of a manifest.

use std::fmt::Write as _;

use super::json::text;
use super::signature::class_name;
use super::{
    Aggregate, CallForm, Collation, Eponymous, Function, Json, Manifest, Param, Signature, Table,
    Type,
};

impl Manifest {
    /// The canonical text: the header first, then one object per line, in the order of the fields here. Reading
    /// it returns an equal manifest.
    pub fn to_json(&self) -> String {
        let mut out = format!("{{\"abi\":{}", crate::abi::ABI_VERSION);
        if !self.info.is_empty() {
            let _ = write!(out, ",\"info\":{}", Json::Object(self.info.clone()));
        }
        out.push_str("}\n");
        let functions = self.functions.iter().map(function);
        let aggregates = self.aggregates.iter().map(aggregate);
        let tables = self.tables.iter().map(table);
        let collations = self.collations.iter().map(collation);
        let types = self.types.iter().map(custom_type);
        for object in functions.chain(aggregates).chain(tables).chain(collations).chain(types) {
            out.push_str(&object);
            out.push('\n');
        }
        out
    }
}

/// An unfinished object: `{"kind":{…}}`.
struct Fields(String);

impl Fields {
    fn new(kind: &str, name: &str) -> Self {
        Self(format!("{{\"{kind}\":{{\"name\":{}", text(name)))
    }

    /// Adds a field whose value is already JSON.
    fn raw(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.0, ",\"{name}\":{value}");
        self
    }

    fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &text(value))
    }

    fn optional(self, name: &str, value: Option<&String>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a flag that is false by default.
    fn flag(self, name: &str, value: bool) -> Self {
        if value { self.raw(name, "true") } else { self }
    }

    fn signature(self, signature: &Signature) -> Self {
        let variadic = signature.variadic.map(|p| text(&format!("{p}...")));
        let params = signature.params.iter().map(param).chain(variadic);
        let fields = self.raw("params", &list(params));
        let fields = match signature.returns {
            Some(class) => fields.text("returns", class_name(Some(class))),
            None => fields,
        };
        match signature.form {
            CallForm::Records => fields,
            CallForm::Native => fields.text("call", "native"),
        }
    }

    fn end(mut self) -> String {
        self.0.push_str("}}");
        self.0
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn param(param: &Param) -> String {
    text(&param.to_string())
}

fn function(f: &Function) -> String {
    Fields::new("function", &f.name)
        .text("export", &f.export)
        .signature(&f.signature)
        .flag("deterministic", f.deterministic)
        .flag("subtype", f.subtype)
        .optional("bind", f.bind.as_ref())
        .end()
}

fn aggregate(a: &Aggregate) -> String {
    let fields = Fields::new("aggregate", &a.name)
        .signature(&a.signature)
        .flag("subtype", a.subtype)
        .optional("bind", a.bind.as_ref());
    a.methods.iter().fold(fields, |fields, (m, export)| fields.text(m.field(), export)).end()
}

fn table(t: &Table) -> String {
    let columns = t.columns.iter().map(|column| {
        let mut out = format!("{{\"name\":{}", text(&column.name));
        if let Some(class) = column.class {
            let _ = write!(out, ",\"type\":\"{}\"", class_name(Some(class)));
        }
        out.push_str(if column.hidden { ",\"hidden\":true}" } else { "}" });
        out
    });
    let fields = Fields::new("table", &t.name)
        .raw("columns", &list(columns))
        .flag("eponymous", t.eponymous == Eponymous::Yes);
    let fields = match t.eponymous {
        Eponymous::Only => fields.text("eponymous", "only"),
        _ => fields,
    };
    let fields = fields.flag("nochange", t.nochange).optional("bind", t.bind.as_ref());
    t.methods.iter().fold(fields, |fields, (m, export)| fields.text(m.field(), export)).end()
}

fn collation(c: &Collation) -> String {
    Fields::new("collation", &c.name)
        .text("compare", &c.compare)
        .optional("bind", c.bind.as_ref())
        .end()
}

fn custom_type(t: &Type) -> String {
    let operators = t.operators.iter().map(|operator| {
        format!("{{\"op\":{},\"function\":{}}}", text(&operator.op), text(&operator.function))
    });
    Fields::new("type", &t.name)
        .text("base", class_name(Some(t.base)))
        .raw("params", &list(t.params.iter().map(param)))
        .text("encode", &t.encode)
        .text("decode", &t.decode)
        .optional("bind", t.bind.as_ref())
        .raw("operators", &list(operators))
        .end()
}
