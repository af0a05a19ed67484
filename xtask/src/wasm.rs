//! The part of the WebAssembly binary format that the chores need.

/// Whether a binary module has a custom section with this name.
pub(crate) fn has_custom_section(module: &[u8], name: &str) -> bool {
    let Some(mut rest) = module.strip_prefix(b"\0asm\x01\0\0\0") else { return false };
    while let Some((&id, after_id)) = rest.split_first() {
        let Some((section, after)) = sized(after_id) else { return false };
        if id == 0 && sized(section).is_some_and(|(found, _)| found == name.as_bytes()) {
            return true;
        }
        rest = after;
    }
    false
}

/// Reads a length in LEB128 and that many bytes. Returns the bytes and the rest.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)?;
    let len = bytes[..=end].iter().rev().fold(0, |len, byte| len << 7 | usize::from(byte & 0x7f));
    bytes[end + 1..].split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_by_name() {
        let module = b"\0asm\x01\0\0\0\x01\x01\x00\x00\x03\x01xy\x00\x80\x80\x00";
        let cases: [(&[u8], &str, bool); 5] = [
            (&module[..16], "x", true),
            (&module[..16], "y", false),
            (&module[..8], "x", false),
            (&module[..14], "x", false),
            (b"", "x", false),
        ];
        for (module, name, expected) in cases {
            assert_eq!(has_custom_section(module, name), expected, "{module:?}");
        }
    }
}
