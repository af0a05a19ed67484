//! Makes types of definitions types of the engine, if the host has asked for these. A column of such a type
//! is written through the function named as the type, and read through its `_decode`.

use std::fmt::Write as _;

use commensal_core::ddl::quote_identifier;
use commensal_core::manifest::Type;
use commensal_core::{Error, ErrorKind, Result};

/// The statement that makes the type.
///
/// # Errors
/// The engine has no way to write its name.
pub(crate) fn create(ty: &Type) -> Result<String> {
    let is_plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    // The engine stores the name as written, with its quotes.
    let functions = ty.operators.iter().map(|operator| &operator.function);
    if let Some(name) = [&ty.name].into_iter().chain(functions).find(|name| !is_plain(name)) {
        let message = format!("Turso has no types with names like {}", quote_identifier(name));
        return Err(Error::new(ErrorKind::Engine, message));
    }
    let name = &ty.name;
    let (mut declared, mut passed) = (String::from("value any"), String::from("value"));
    for (number, param) in (1..).zip(&ty.params) {
        let class = param.class.map_or_else(|| "any".to_owned(), |class| class.to_string());
        let _ = write!(declared, ", p{number} {class}");
        let _ = write!(passed, ", p{number}");
    }
    let mut sql = format!(
        "CREATE TYPE {name}({declared}) BASE {} ENCODE {name}({passed}) DECODE {name}_decode({passed})",
        ty.base
    );
    for operator in &ty.operators {
        let _ = write!(sql, " OPERATOR '{}' {}", operator.op, operator.function);
    }
    Ok(sql)
}

/// The statement that removes the type.
pub(crate) fn drop(ty: &Type) -> String {
    format!("DROP TYPE IF EXISTS {}", ty.name)
}
