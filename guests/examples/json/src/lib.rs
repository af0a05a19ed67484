//! JSON through serde: functions that SQLite's own `json_…` functions do not offer.
//!
//! ```sql
//! CREATE EXTENSION jsonx LANGUAGE wasm AS file://guests/prebuilt/json.wasm;
//! SELECT jsonx_pointer('{"a":[10,20]}', '/a/1');            -- 20
//! SELECT jsonx_sorted('{"b":1,"a":{"d":2,"c":3}}');         -- {"a":{"c":3,"d":2},"b":1}
//! SELECT jsonx_pretty('[1,{"a":2}]', 2);                    -- indented by two spaces
//! SELECT jsonx_equal('{"a":1,"b":2}', '{"b":2, "a":1}');    -- 1
//! SELECT line, jsonx_pointer(json, '/n') FROM jsonx_lines('{"n":1}
//! {"n":2}');                                                -- two rows
//! ```
//!
//! The JSON is that of RFC 8259, without SQLite's extensions. Objects keep the order of their members. If
//! several members have the same name, the last one counts. Text that is not JSON is an error with line
//! and column.

use commensal_sdk::{TableFunction, Value};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Error, Value as Json};

/// The value at a [JSON Pointer](https://www.rfc-editor.org/rfc/rfc6901) as an SQL value: objects and
/// arrays as JSON text, booleans as 0 and 1, NULL if there is none.
///
/// # Errors
/// The text is not JSON, or the pointer is not empty and does not start with `/`.
#[commensal_sdk::function(deterministic)]
pub fn jsonx_pointer(json: &str, pointer: &str) -> Result<Value, String> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!("the JSON pointer \"{pointer}\" does not start with \"/\""));
    }
    let json: Json = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(json.pointer(pointer).map_or(Value::Null, sql_value))
}

fn sql_value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => (*b).into(),
        Json::Number(n) => match n.as_i64() {
            Some(integer) => integer.into(),
            None => n.as_f64().into(),
        },
        Json::String(s) => s.as_str().into(),
        Json::Array(_) | Json::Object(_) => json.to_string().into(),
    }
}

/// The same JSON in several lines, each level indented by `indent` spaces, at most 16.
///
/// # Errors
/// The text is not JSON.
#[commensal_sdk::function(deterministic)]
pub fn jsonx_pretty(json: &str, indent: i32) -> Result<String, Error> {
    let json: Json = serde_json::from_str(json)?;
    let indent = " ".repeat(indent.clamp(0, 16) as usize);
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    json.serialize(&mut Serializer::with_formatter(&mut text, formatter))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The same JSON without white space, and with the members of each object sorted by name, so that equal
/// data become equal text.
///
/// # Errors
/// The text is not JSON.
#[commensal_sdk::function(deterministic)]
pub fn jsonx_sorted(json: &str) -> Result<String, Error> {
    let mut json: Json = serde_json::from_str(json)?;
    json.sort_all_objects();
    Ok(json.to_string())
}

/// Whether both are the same data, regardless of white space and the order of members.
///
/// # Errors
/// The text is not JSON.
#[commensal_sdk::function(deterministic)]
pub fn jsonx_equal(a: &str, b: &str) -> Result<bool, Error> {
    Ok(serde_json::from_str::<Json>(a)? == serde_json::from_str::<Json>(b)?)
}

/// The lines of [JSON Lines](https://jsonlines.org): the number of each line that is not empty, and its
/// JSON without white space.
pub struct JsonxLines {
    text: String,
    /// The offset of the next line, and its number.
    at: usize,
    line: i64,
}

#[commensal_sdk::table_function(name = "jsonx_lines", columns("line", "json"), arguments("text"))]
impl TableFunction for JsonxLines {
    type Arguments<'a> = (&'a str,);
    type Row<'a> = (i64, String);
    type Error = String;

    fn open((text,): Self::Arguments<'_>) -> Result<Self, String> {
        Ok(Self { text: text.to_owned(), at: 0, line: 0 })
    }

    fn next(&mut self) -> Result<Option<(i64, String)>, String> {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let (line, consumed) = match rest.split_once('\n') {
                Some((line, _)) => (line, line.len() + 1),
                None => (rest, rest.len()),
            };
            self.at += consumed;
            self.line += 1;
            if !line.trim().is_empty() {
                let json: Json = serde_json::from_str(line).map_err(|error| {
                    format!("line {}, column {}: it is no JSON", self.line, error.column())
                })?;
                return Ok(Some((self.line, json.to_string())));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_checked() {
        let mut lines = JsonxLines::open(("{\"a\": 1}\n\n[2,\r\n",)).unwrap();
        assert_eq!(lines.next(), Ok(Some((1, "{\"a\":1}".into()))));
        assert_eq!(lines.next(), Err("line 3, column 4: it is no JSON".into()));
        assert_eq!(JsonxLines::open(("",)).unwrap().next(), Ok(None));
    }

    #[test]
    fn pointers_reach_every_kind_of_value() {
        let json = r#"{"a":[10,-0.5,"é",true,null,{"b/c":1,"~":2}],"":9223372036854775807}"#;
        let cases: [(&str, Value); 11] = [
            ("/a/0", 10i64.into()),
            ("/a/1", (-0.5).into()),
            ("/a/2", "é".into()),
            ("/a/3", true.into()),
            ("/a/4", Value::Null),
            ("/a/5", r#"{"b/c":1,"~":2}"#.into()),
            ("/a/5/b~1c", 1i64.into()),
            ("/a/5/~0", 2i64.into()),
            ("/", i64::MAX.into()),
            ("/a/9", Value::Null),
            ("", json.into()),
        ];
        for (pointer, expected) in cases {
            assert_eq!(jsonx_pointer(json, pointer), Ok(expected), "{pointer}");
        }
        assert!(jsonx_pointer(json, "a").unwrap_err().contains("does not start"));
        assert!(jsonx_pointer("{", "").unwrap_err().contains("line 1 column 1"));
    }

    #[test]
    fn layout() {
        assert_eq!(jsonx_pretty("[1,{}]", 2).unwrap(), "[\n  1,\n  {}\n]");
        assert_eq!(jsonx_pretty("[1]", -1).unwrap(), "[\n1\n]");
        assert_eq!(
            jsonx_sorted(r#"{"b":[{"z":1,"y":2}],"a":1}"#).unwrap(),
            r#"{"a":1,"b":[{"y":2,"z":1}]}"#
        );
        assert!(jsonx_sorted("[1,]").is_err());
    }

    #[test]
    fn equality_is_that_of_the_data() {
        assert!(jsonx_equal(r#"{"a":1,"b":2}"#, r#"{"b":2, "a":1}"#).unwrap());
        assert!(!jsonx_equal("[1,2]", "[2,1]").unwrap());
    }
}
