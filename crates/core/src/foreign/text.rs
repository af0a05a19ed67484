//! An unfinished addition: WebAssembly text, the guest's functions that it calls, and its messages.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::exports::OWN_EXPORTS;
use super::link::GUEST;
use super::names::Names;
use crate::error::Result;
use crate::module::{FunctionType, error};

/// Size of the text in bytes after which nothing more is added.
const BYTES_MAX: usize = 4 << 20;

/// The text of a module that is added to a guest.
pub(super) struct Addition {
    imports: String,
    imported: HashMap<String, usize>,
    body: String,
    exports: Names,
    messages: String,
    message_bytes: usize,
    placed: HashMap<String, (usize, usize)>,
}

impl Addition {
    /// An addition that uses the guest's memory, or its own if the guest has none.
    pub(super) fn new(memory: bool) -> Self {
        let (imports, body) = if memory {
            (format!("  (import \"{GUEST}\" \"memory\" (memory 0))\n"), String::new())
        } else {
            (String::new(), "  (memory 0)\n".to_owned())
        };
        let mut exports = Names::new(false);
        for own in OWN_EXPORTS {
            exports.take(own);
        }
        Self {
            imports,
            imported: HashMap::new(),
            body: body + "  (export \"memory\" (memory 0))\n",
            exports,
            messages: String::new(),
            message_bytes: 0,
            placed: HashMap::new(),
        }
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) {
        self.body.push_str(text);
    }

    /// Checks that it may grow further.
    ///
    /// # Errors
    /// It is longer than any hand-written module needs.
    pub(super) fn check(&self) -> Result<()> {
        if self.imports.len() + self.body.len() + self.messages.len() > BYTES_MAX {
            return Err(error("the module declares too much to be translated"));
        }
        Ok(())
    }

    /// Code that calls one of the guest's functions.
    pub(super) fn import(&mut self, export: &str, ty: &FunctionType) -> String {
        let number = match self.imported.get(export) {
            Some(number) => *number,
            None => {
                let number = self.imported.len();
                self.imported.insert(export.to_owned(), number);
                let name = literal(export);
                let ty = ty.to_string();
                // Strips the head of "(func (param …) (result …))".
                let signature = ty.strip_prefix("(func").unwrap_or(&ty);
                let _ = writeln!(
                    self.imports,
                    "  (import \"{GUEST}\" {name} (func $guest{number}{signature})",
                );
                number
            }
        };
        format!("call $guest{number}")
    }

    /// An export's name and its literal. Another name is chosen if this one is taken.
    pub(super) fn export(&mut self, name: &str) -> (String, String) {
        let name = self.exports.take(name);
        let literal = literal(&name);
        (name, literal)
    }

    /// Code that fails with this message.
    pub(super) fn fail(&mut self, message: &str) -> String {
        let (at, len) = match self.placed.get(message) {
            Some(place) => *place,
            None => {
                let place = (self.message_bytes, message.len());
                self.message_bytes += message.len();
                self.messages.push_str(&escaped(message));
                self.placed.insert(message.to_owned(), place);
                place
            }
        };
        format!("(call $fail (i32.const {at}) (i32.const {len}))")
    }

    /// The complete text of the module.
    pub(super) fn finish(self) -> String {
        let Self { imports, body, messages, .. } = self;
        format!("(module\n{imports}{body}  (data $messages \"{messages}\"))\n")
    }
}

/// A name as a literal of WebAssembly text.
fn literal(name: &str) -> String {
    format!("\"{}\"", escaped(name))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:02x}");
            }
        }
    }
    out
}
