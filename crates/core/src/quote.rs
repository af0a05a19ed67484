//! Shows names from guests and users in messages: quoted, escaped, never longer than a line.

/// Largest part of a name that a message shows, in bytes.
const SHOWN_BYTES_MAX: usize = 80;

/// The name in double quotes, with control characters escaped. Long names are cut.
pub(crate) fn quoted(name: &str) -> String {
    if name.len() <= SHOWN_BYTES_MAX {
        return format!("{name:?}");
    }
    let end = name.floor_char_boundary(SHOWN_BYTES_MAX);
    format!("{:?}… ({} bytes)", &name[..end], name.len())
}
