//! The message about a missing export, with suggestions.

use super::info::ModuleInfo;
use super::types::{ExternType, FunctionType};
use crate::abi::EXPORT_SCRATCH;
use crate::quote::quoted;

/// Largest number of exports that a message lists.
const LISTED_MAX: usize = 20;
/// Largest number of exports that are compared to find a similar name, and largest length of such a name in
/// bytes.
const COMPARED_MAX: usize = 1_000;
const COMPARED_BYTES_MAX: usize = 64;

/// The message for a missing export.
pub(super) fn missing(info: &ModuleInfo, wanted: &str) -> String {
    let guest = FunctionType::guest();
    let names: Vec<&str> = info
        .exports
        .iter()
        .filter(|e| matches!(&e.ty, ExternType::Function(ty) if **ty == guest))
        .map(|e| e.name.as_str())
        .filter(|&name| name != EXPORT_SCRATCH)
        .collect();
    let mut message = format!("the module has no export {}", quoted(wanted));
    if names.is_empty() {
        message.push_str(&format!(", and none of type {guest} that SQL could call"));
        return message;
    }
    if let Some(name) = similar(&names, wanted) {
        message.push_str(&format!("; did you mean {}?", quoted(name)));
    }
    let listed: Vec<_> = names.iter().take(LISTED_MAX).map(|name| quoted(name)).collect();
    message.push_str(if message.ends_with('?') { " It exports " } else { "; it exports " });
    message.push_str(&listed.join(", "));
    if names.len() > LISTED_MAX {
        message.push_str(&format!(" and {} more", names.len() - LISTED_MAX));
    }
    message
}

/// The name most similar to `wanted`, if one is similar enough.
fn similar<'a>(names: &[&'a str], wanted: &str) -> Option<&'a str> {
    if wanted.len() > COMPARED_BYTES_MAX {
        return None;
    }
    names
        .iter()
        .filter(|name| name.len() <= COMPARED_BYTES_MAX)
        .take(COMPARED_MAX)
        .map(|name| (distance(&fold(name), &fold(wanted)), *name))
        .min_by_key(|&(distance, _)| distance)
        .filter(|&(distance, _)| distance <= wanted.len() / 3)
        .map(|(_, name)| name)
}

/// The name without letter case and word separators.
fn fold(name: &str) -> Vec<u8> {
    name.bytes().filter(|b| !b"_-. ".contains(b)).map(|b| b.to_ascii_lowercase()).collect()
}

/// Levenshtein distance.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
