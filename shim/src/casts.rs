//! Integers of 64 bits that a source casts to pointers, which have 32 in WebAssembly. Compilers say nothing of that.
//!
//! Each cast of a name or a number to `void *` gets an assertion about the operand's size, in a copy of the source. The
//! copy is only checked, and never compiled.

use std::path::Path;

/// The text of the assertion, by which the compiler's messages are recognised.
const TAG: &str = "commensal: 64 bits in a pointer";

/// The copy of the source, with assertions; `None` if it has no such cast.
pub(crate) fn asserted(path: &Path, source: &str) -> Option<String> {
    let mut copy = String::new();
    let mut rest = source;
    let mut found = false;
    while let Some(at) = rest.find('(') {
        let (before, from) = rest.split_at(at);
        copy.push_str(before);
        let Some((cast, operand)) = cast(from) else {
            copy.push('(');
            rest = &from[1..];
            continue;
        };
        found = true;
        copy.push_str(&from[..cast]);
        let name = &from[cast..cast + operand];
        copy.push_str(&format!("commensal_operand({name})"));
        rest = &from[cast + operand..];
    }
    copy.push_str(rest);
    let path = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    found.then(|| {
        format!(
            "#define commensal_operand(x) (x) + 0 * sizeof(struct {{ _Static_assert(sizeof((x) + 0) <= \
             sizeof(void *), \"{TAG}\"); int i; }})\n#line 1 \"{path}\"\n{copy}"
        )
    })
}

/// The lengths of the cast to `void *` with which the text begins, and of its operand, if that is a name or a number.
fn cast(text: &str) -> Option<(usize, usize)> {
    let after = |text: &'_ str, word: &str| {
        let text = text.trim_start();
        text.strip_prefix(word).map(str::len)
    };
    let mut left = text.len();
    for word in ["(", "void", "*", ")"] {
        left = after(&text[text.len() - left..], word)?;
    }
    let rest = &text[text.len() - left..];
    let operand = rest.trim_start();
    let cast = text.len() - operand.len();
    let len =
        operand.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(operand.len());
    let ends = operand[len..].trim_start().starts_with([',', ')', ';', '}']);
    (len > 0 && ends).then_some((cast, len))
}

/// The places of failed assertions in the compiler's messages: file and line.
pub(crate) fn places(messages: &str) -> Vec<String> {
    let mut places = Vec::new();
    for line in messages.lines().filter(|line| line.contains(TAG)) {
        let Some((place, _)) = line.split_once(": error:") else { continue };
        // Without the column.
        let place = place.rsplit_once(':').map_or(place, |(place, _)| place).to_owned();
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_of_names_and_numbers_are_found() {
        for (text, expected) in [
            ("(void*)Hour, f", Some(("(void*)", "Hour"))),
            ("( void * ) 5LL)", Some(("( void * ) ", "5LL"))),
            ("(void*)f(x)", None),
            ("(void*)a->b,", None),
            ("(void)x;", None),
            ("(char*)x;", None),
            ("(void*)", None),
        ] {
            let found =
                cast(text).map(|(cast, operand)| (&text[..cast], &text[cast..cast + operand]));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn only_their_operands_change() {
        let source = "f(é, (void*)Hour, (void*)g(1));";
        let copy = asserted(Path::new("a\"b.c"), source).unwrap();
        assert!(
            copy.ends_with(
                "#line 1 \"a\\\"b.c\"\nf(é, (void*)commensal_operand(Hour), (void*)g(1));"
            ),
            "{copy}"
        );
        assert_eq!(asserted(Path::new("a.c"), "f((void*)g(1));"), None);
    }

    #[test]
    fn places_are_named_once() {
        let messages = format!(
            "a.c:7:9: error: static_assert failed \"{TAG}\"\na.c:7:30: error: static assertion failed: {TAG}\n\
             a.c:8:1: error: something else\n"
        );
        assert_eq!(places(&messages), ["a.c:7"]);
    }
}
