//! Names from guests and users in messages: in quotes, escaped, never longer than a line.

/// Bytes of a name that a message shows.
const SHOWN_BYTES_MAX: usize = 80;

/// The name in double quotes, control characters escaped, cut when it is long.
pub(crate) fn quoted(name: &str) -> String {
    if name.len() <= SHOWN_BYTES_MAX {
        return format!("{name:?}");
    }
    let end = name.floor_char_boundary(SHOWN_BYTES_MAX);
    format!("{:?}… ({} bytes)", &name[..end], name.len())
}
