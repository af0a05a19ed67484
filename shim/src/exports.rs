//! The exports, one for each thing that an extension registered. The C code of an export finds it by name
//! and argument count when it is first called in an instance, and keeps it.

use std::fmt::Write;

use commensal::core::abi::EXPORT_AUXDATA_DROP;
use commensal::core::manifest::{Aggregate, AggregateMethod, Manifest, Table, TableMethod};

/// The C source of the exports in the manifest. The export for auxiliary data is among them only if the
/// extension has any, because it costs the host work.
pub(crate) fn source(manifest: &Manifest, has_auxdata: bool) -> String {
    let mut exports = Exports { source: "#include \"call.h\"\n".to_owned(), number: 0 };
    for function in &manifest.functions {
        let find = find("FUNCTION", &function.name, function.signature.argument_count());
        exports.found(&function.export, &find, "commensal_function(it, count, records)");
    }
    for aggregate in &manifest.aggregates {
        exports.aggregate(aggregate);
    }
    for table in &manifest.tables {
        exports.table(table);
    }
    for collation in &manifest.collations {
        let find = find("COLLATION", &collation.name, 0);
        exports.found(&collation.compare, &find, "commensal_compare_texts(it, records)");
    }
    if has_auxdata {
        let body = "  commensal_auxdata_gone(count, records);\n  return 0;";
        exports.export(EXPORT_AUXDATA_DROP, body);
    }
    exports.source
}

struct Exports {
    source: String,
    number: usize,
}

impl Exports {
    fn aggregate(&mut self, aggregate: &Aggregate) {
        for (method, export) in &aggregate.methods {
            let call = match method {
                AggregateMethod::Init => {
                    let count = aggregate.signature.argument_count();
                    let find = find("FUNCTION", &aggregate.name, count);
                    self.found(export, &find, "commensal_init(it)");
                    continue;
                }
                AggregateMethod::Step => "commensal_step(count, records)",
                AggregateMethod::Inverse => "commensal_inverse(count, records)",
                AggregateMethod::Value => "commensal_value(records)",
                AggregateMethod::Finalize => "commensal_finalize(records)",
                AggregateMethod::Drop => "commensal_drop(records)",
            };
            self.export(export, &format!("  return {call};"));
        }
    }

    /// Adds the methods of a table. Those without a handle need what was registered.
    fn table(&mut self, table: &Table) {
        use TableMethod::{Connect, Create, Filter, Overload, Update};
        for (method, export) in &table.methods {
            let arguments = match method {
                Create | Connect => {
                    let find = find("MODULE", &table.name, 0);
                    let creates = u8::from(*method == Create);
                    let call = format!("commensal_connect(it, {creates}, count, records)");
                    self.found(export, &find, &call);
                    continue;
                }
                Filter | Update | Overload => "count, records",
                _ => "records",
            };
            self.export(export, &format!("  return commensal_{}({arguments});", method.field()));
        }
    }

    /// Adds an export that needs what was registered.
    fn found(&mut self, export: &str, find: &str, call: &str) {
        let body = format!(
            "  static Registered *it;\n  if (!it && !(it = {find})) return commensal_missing();\n  \
             return {call};"
        );
        self.export(export, &body);
    }

    fn export(&mut self, name: &str, body: &str) {
        let number = self.number;
        self.number += 1;
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.source,
            "\n__attribute__((export_name({}))) const Record *export{number}(\n    int count, const \
             Record *records) {{\n  (void)count, (void)records;\n{body}\n}}",
            quoted(name)
        );
    }
}

fn find(kind: &str, name: &str, arguments: i32) -> String {
    format!("commensal_find({kind}, {}, {arguments})", quoted(name))
}

/// A C string literal. Octal escapes have three digits, so that no digit after them is taken in.
fn quoted(text: &str) -> String {
    let mut literal = "\"".to_owned();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'/' | b'.' => {
                literal.push(byte.into());
            }
            _ => {
                let _ = write!(literal, "\\{byte:03o}");
            }
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("sha1/1"), "\"sha1/1\"");
        assert_eq!(quoted("a\"1\\\n"), "\"a\\0421\\134\\012\"");
        assert_eq!(quoted("é"), "\"\\303\\251\"");
    }
}
