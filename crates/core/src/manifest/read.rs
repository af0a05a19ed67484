//! Turns JSON objects into declarations. Every field is known by name, and nothing is ignored.

use std::collections::HashSet;

use super::fields::Fields;
use super::signature::class;
use super::split::{Piece, pieces};
use super::{
    Aggregate, AggregateMethod, CallForm, Collation, Eponymous, Function, Json, Manifest,
    Signature, Table, TableMethod, Type, error,
};
use crate::abi::ABI_VERSION;
use crate::error::Result;
use crate::limits::Limits;
use crate::quote::quoted;

impl Manifest {
    /// Reads a manifest: JSON objects, with or without white space between them.
    ///
    /// [`ErrorKind::Manifest`](crate::ErrorKind::Manifest), with the line: text that is not JSON, an unknown
    /// field, kind or version, a duplicate, or an exceeded limit.
    pub fn parse(text: &[u8], limits: &Limits) -> Result<Self> {
        let mut reader =
            Reader { limits, manifest: Manifest::default(), header: false, names: HashSet::new() };
        for piece in pieces(text, limits)? {
            reader.object(&piece)?;
        }
        if !reader.header {
            return Err(error(format!(
                "the manifest has no {{\"abi\":…}}: it does not say for which ABI version it is (this \
                 version of Commensal knows {ABI_VERSION})"
            )));
        }
        Ok(reader.manifest)
    }
}

/// The part of the manifest that was read so far.
struct Reader<'a> {
    limits: &'a Limits,
    manifest: Manifest,
    header: bool,
    /// The declared objects: namespace, lower-case name, argument count.
    names: HashSet<(&'static str, String, i32)>,
}

impl Reader<'_> {
    fn object(&mut self, piece: &Piece<'_>) -> Result<()> {
        let Json::Object(object) = parse(piece)? else {
            // A piece begins with a brace, so this cannot happen, but it is an error all the same.
            return Err(error(format!("manifest, line {}: expected an object", piece.line)));
        };
        let mut fields = Fields::new(object, self.limits, piece.line, String::new());
        if fields.has("abi") || fields.has("info") {
            return self.header(fields);
        }
        let mut kinds = fields.rest.drain(..);
        let (Some((kind, value)), None) = (kinds.next(), kinds.next()) else {
            return Err(error(format!(
                "manifest, line {}: expected an object with one field, the kind of what it declares",
                piece.line
            )));
        };
        let Json::Object(object) = value else {
            let kind = quoted(&kind);
            let what = value.kind();
            return Err(error(format!(
                "manifest, line {}: {kind} must be an object, but is {what}",
                piece.line
            )));
        };
        let fields = Fields::new(object, self.limits, piece.line, kind.clone());
        match kind.as_str() {
            "function" => self.function(fields),
            "aggregate" => self.aggregate(fields),
            "table" => self.table(fields),
            "collation" => self.collation(fields),
            "type" => self.custom_type(fields),
            _ => Err(error(format!(
                "manifest, line {}: unknown kind {}; this version of Commensal knows ABI version \
                 {ABI_VERSION} with function, aggregate, table, collation and type; a newer one may \
                 know it",
                piece.line,
                quoted(&kind)
            ))),
        }
    }

    fn header(&mut self, mut fields: Fields<'_>) -> Result<()> {
        if let Some(version) = fields.take("abi") {
            if version != Json::Number(ABI_VERSION.into()) {
                let version = shown_json(&version);
                return fields.fail(format!(
                    "it is written for ABI version {version}; this version of Commensal knows ABI \
                     version {ABI_VERSION}"
                ));
            }
            self.header = true;
        }
        if let Some(info) = fields.take("info") {
            let Json::Object(info) = info else {
                return fields.fail(format!("\"info\" must be an object, but is {}", info.kind()));
            };
            if !self.manifest.info.is_empty() && self.manifest.info != info {
                return fields.fail("\"info\" is given a second time and differs");
            }
            self.manifest.info = info;
        }
        fields.finish()
    }

    /// Records a declaration and refuses duplicates.
    fn declare(
        &mut self,
        fields: &Fields<'_>,
        space: &'static str,
        name: &str,
        count: i32,
    ) -> Result<()> {
        if self.names.insert((space, name.to_ascii_lowercase(), count)) {
            return Ok(());
        }
        let arity = match (space, count) {
            ("function", crate::abi::VARIADIC) => " with any number of arguments".to_owned(),
            ("function", 1) => " with 1 argument".to_owned(),
            ("function", n) => format!(" with {n} arguments"),
            _ => String::new(),
        };
        fields.fail(format!("declared twice{arity}"))
    }

    fn function(&mut self, mut fields: Fields<'_>) -> Result<()> {
        let name = fields.own_name()?;
        let function = Function {
            export: fields.name("export")?.unwrap_or_else(|| name.clone()),
            signature: fields.function_signature()?,
            deterministic: fields.flag("deterministic")?,
            subtype: fields.flag("subtype")?,
            bind: fields.name("bind")?,
            name,
        };
        if function.subtype && function.signature.form == CallForm::Native {
            return fields.fail("\"call\" is native, which passes no subtypes");
        }
        self.declare(&fields, "function", &function.name, function.signature.argument_count())?;
        fields.finish()?;
        self.manifest.functions.push(function);
        Ok(())
    }

    fn aggregate(&mut self, mut fields: Fields<'_>) -> Result<()> {
        use AggregateMethod::{Drop, Finalize, Init, Inverse, Step, Value};
        let aggregate = Aggregate {
            name: fields.own_name()?,
            signature: fields.signature()?,
            subtype: fields.flag("subtype")?,
            bind: fields.name("bind")?,
            methods: fields.methods(AggregateMethod::ALL, AggregateMethod::field)?,
        };
        for method in [Init, Step, Finalize, Drop] {
            fields.need(&aggregate.methods, method, method.field())?;
        }
        if aggregate.methods.contains_key(&Inverse) {
            fields.need(&aggregate.methods, Value, "value")?;
        }
        // SQLite has one namespace for functions and aggregates.
        self.declare(&fields, "function", &aggregate.name, aggregate.signature.argument_count())?;
        fields.finish()?;
        self.manifest.aggregates.push(aggregate);
        Ok(())
    }

    fn table(&mut self, mut fields: Fields<'_>) -> Result<()> {
        let table = Table {
            name: fields.own_name()?,
            columns: fields.columns()?,
            eponymous: fields.eponymous()?,
            nochange: fields.flag("nochange")?,
            bind: fields.name("bind")?,
            methods: fields.methods(TableMethod::ALL, TableMethod::field)?,
        };
        check_table(&fields, &table)?;
        self.declare(&fields, "table", &table.name, 0)?;
        fields.finish()?;
        self.manifest.tables.push(table);
        Ok(())
    }

    fn collation(&mut self, mut fields: Fields<'_>) -> Result<()> {
        let collation = Collation {
            name: fields.own_name()?,
            compare: fields.required("compare")?,
            bind: fields.name("bind")?,
        };
        self.declare(&fields, "collation", &collation.name, 0)?;
        fields.finish()?;
        self.manifest.collations.push(collation);
        Ok(())
    }

    fn custom_type(&mut self, mut fields: Fields<'_>) -> Result<()> {
        let name = fields.own_name()?;
        let base = fields.required("base")?;
        let Some(Some(base)) = class(&base) else {
            return fields.fail(format!(
                "\"base\" is {}; known are integer, real, text and blob",
                quoted(&base)
            ));
        };
        let params = fields.params(&[])?;
        let signature = Signature::parse(&params, None).map_err(|m| fields.error(m))?;
        if signature.variadic.is_some() {
            return fields.fail("the parameters of a type cannot be variadic");
        }
        let custom = Type {
            name,
            base,
            params: signature.params,
            encode: fields.required("encode")?,
            decode: fields.required("decode")?,
            bind: fields.name("bind")?,
            operators: fields.operators()?,
        };
        self.declare(&fields, "type", &custom.name, 0)?;
        fields.finish()?;
        self.manifest.types.push(custom);
        Ok(())
    }
}

/// Checks that the exports of a table make a table function or a virtual table.
fn check_table(fields: &Fields<'_>, table: &Table) -> Result<()> {
    use TableMethod::{
        BestIndex, Close, Connect, Create, Disconnect, Filter, FindFunction, Next, Open, Overload,
        Update,
    };
    let methods = &table.methods;
    if table.nochange && !methods.contains_key(&Update) {
        return fields.fail("\"nochange\" needs \"update\"");
    }
    if !table.is_virtual() {
        for method in [Open, Next, Close] {
            fields.need(methods, method, method.field())?;
        }
        if table.columns.is_empty() {
            return fields.fail("\"columns\" is missing or empty");
        }
        return match methods.keys().find(|m| ![Open, Next, Close].contains(m)) {
            Some(m) => fields.fail(format!("\"{}\" needs \"connect\"", m.field())),
            None if table.eponymous != Eponymous::No => {
                fields.fail("\"eponymous\" needs \"connect\"")
            }
            None => Ok(()),
        };
    }
    for method in [Disconnect, BestIndex, Open, Filter, Next, Close] {
        fields.need(methods, method, method.field())?;
    }
    if methods.contains_key(&FindFunction) {
        fields.need(methods, Overload, "overload")?;
    }
    // SQLite then has one function for both and cannot tell it which one is wanted.
    if table.eponymous != Eponymous::No && methods.contains_key(&Create) {
        return fields.fail("an eponymous table is never created, so \"create\" cannot be there");
    }
    debug_assert!(methods.contains_key(&Connect));
    Ok(())
}

/// The object's JSON.
fn parse(piece: &Piece<'_>) -> Result<Json> {
    serde_json::from_slice(piece.text).map_err(|e| {
        // This position is within the object. Only the position in the manifest helps.
        let (line, column) = match e.line() {
            0 | 1 => (piece.line, piece.column + e.column().saturating_sub(1)),
            n => (piece.line + n - 1, e.column()),
        };
        let message = e.to_string();
        let position = format!(" at line {} column {}", e.line(), e.column());
        let message = message.strip_suffix(&position).unwrap_or(&message);
        error(format!("manifest, line {line}, column {column}: {message}"))
    })
}

fn shown_json(json: &Json) -> String {
    match json {
        Json::Number(n) => n.to_string(),
        other => other.kind().to_owned(),
    }
}
