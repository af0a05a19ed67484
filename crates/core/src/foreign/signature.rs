//! The types of functions for Turso, from the custom section `turso_sig`. An entry is the name's length and the
//! name, the number of parameters and their types, and the type of the result, a byte each.

use std::collections::HashMap;

use wasmparser::{Parser, Payload};

use crate::error::Result;
use crate::limits::Limits;
use crate::manifest::{CallForm, Param, Signature};
use crate::module::{ModuleInfo, error, exceeded};
use crate::quote::quoted;
use crate::value::StorageClass;

/// The name of the section.
const SECTION: &str = "turso_sig";

/// A type of a parameter or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) class: StorageClass,
    pub(super) optional: bool,
}

impl Type {
    fn of(byte: u8) -> Option<Self> {
        let classes =
            [StorageClass::Integer, StorageClass::Real, StorageClass::Text, StorageClass::Blob];
        let at = usize::from(byte).checked_sub(1)?;
        Some(Self { class: *classes.get(at % 4).filter(|_| at < 8)?, optional: at >= 4 })
    }

    /// Number of slots of an argument.
    pub(super) fn slots(self) -> usize {
        match self.class {
            StorageClass::Integer | StorageClass::Real if self.optional => 2,
            _ => 1,
        }
    }
}

/// The types of a function. A function without a result returns NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Types {
    pub(super) params: Vec<Type>,
    pub(super) returns: Option<Type>,
}

/// The byte that stands for no result.
const VOID: u8 = 9;

impl Types {
    /// The signature as a manifest has it.
    pub(super) fn signature(&self) -> Signature {
        let params = self.params.iter();
        Signature {
            params: params
                .map(|ty| Param { class: Some(ty.class), nullable: ty.optional })
                .collect(),
            variadic: None,
            returns: self.returns.map(|ty| ty.class),
            form: CallForm::Records,
        }
    }
}

/// The types of the exports that the section describes. The module must be valid.
///
/// # Errors
/// The section is cut off, has an unknown type, or is longer than a manifest may be.
pub(super) fn read(
    wasm: &[u8],
    info: &ModuleInfo,
    limits: &Limits,
) -> Result<HashMap<String, Types>> {
    let (mut types, mut bytes) = (HashMap::new(), 0);
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(Payload::CustomSection(section)) = payload else { continue };
        if section.name() != SECTION {
            continue;
        }
        let mut rest = section.data();
        bytes += rest.len();
        if bytes > limits.manifest_bytes_max {
            let max = limits.manifest_bytes_max;
            let what = format!("bytes in its section {SECTION}");
            return Err(exceeded(&what, bytes, "manifest_bytes_max", max));
        }
        while !rest.is_empty() {
            let entry = entry(&mut rest).ok_or_else(|| {
                error(format!("the module's section {SECTION} is cut off or damaged"))
            })?;
            let (name, params, returns) = entry;
            let unknown = |byte: u8| {
                let name = quoted(name);
                error(format!(
                    "the module's section {SECTION} gives {name} the type {byte}, which does not \
                     exist"
                ))
            };
            let params = params.iter().map(|&byte| Type::of(byte).ok_or_else(|| unknown(byte)));
            let params = params.collect::<Result<_>>()?;
            let returns = match returns {
                VOID => None,
                byte => Some(Type::of(byte).ok_or_else(|| unknown(byte))?),
            };
            // The first entry for a name counts, as in that proposal's host.
            if info.export(name).is_some() {
                types.entry(name.to_owned()).or_insert(Types { params, returns });
            }
        }
    }
    Ok(types)
}

/// Takes one entry: name, types of the parameters, type of the result.
fn entry<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, &'a [u8], u8)> {
    let name_bytes = usize::from(*rest.split_off_first()?);
    let name = std::str::from_utf8(rest.split_off(..name_bytes)?).ok()?;
    let params = usize::from(*rest.split_off_first()?);
    let params = rest.split_off(..params)?;
    let returns = *rest.split_off_first()?;
    Some((name, params, returns))
}
