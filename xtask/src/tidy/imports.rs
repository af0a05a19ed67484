//! What a Rust source imports: its `use` declarations, and the paths in its code.
//!
//! It reads tokens, not syntax. It leaves out what only tests compile, and calls of methods, because these
//! do not say in which file a method is.

use std::collections::BTreeSet;

/// A name that a `use` declaration brings in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The path, as it stands in the file. For a glob, the part before the star.
    pub(super) path: Vec<String>,
    /// The name in this file; `None` for a glob.
    pub(super) name: Option<String>,
    /// Whether the file re-exports the name.
    pub(super) public: bool,
}

/// What a file imports.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The `use` declarations.
    pub(super) imports: Vec<Import>,
    /// The paths of two or more segments outside of `use` declarations.
    pub(super) paths: BTreeSet<Vec<String>>,
    /// The names outside of `use` declarations: types, functions that are called, modules before `::`.
    pub(super) names: BTreeSet<String>,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Source {
    let tokens = tokens(text);
    let mut source = Source::default();
    // Modules within the file, each with the number of braces that are open around it.
    let (mut inline, mut braces) = (Vec::<(String, usize)>::new(), 0);
    let mut at = 0;
    while let Some(&token) = tokens.get(at) {
        if let Some(len) = test_only(&tokens[at..]) {
            at = end_of_item(&tokens, at + len);
            continue;
        }
        match token {
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                inline.pop_if(|(_, around)| *around == braces);
            }
            "mod" if tokens.get(at + 2) == Some(&"{") => {
                inline.push((tokens[at + 1].to_owned(), braces));
            }
            "use" if tokens.get(at + 1) != Some(&"<") => {
                let public = is_public(&tokens[..at]);
                at += 1;
                let from = source.imports.len();
                tree(&tokens, &mut at, &mut Vec::new(), public, &mut source.imports);
                for import in &mut source.imports[from..] {
                    import.path = of_file(std::mem::take(&mut import.path), &inline);
                }
                continue;
            }
            // `pub(in path)` imports nothing.
            "pub" if tokens.get(at + 1) == Some(&"(") => {
                at += tokens[at..].iter().position(|token| *token == ")").unwrap_or_default();
            }
            _ if is_name(token) => {
                at = path(&tokens, at, &inline, &mut source);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    source
}

/// The length of an attribute that makes the next item test code.
fn test_only(tokens: &[&str]) -> Option<usize> {
    let inner = tokens.strip_prefix(&["#", "[", "cfg", "("])?;
    let len = inner.iter().position(|token| *token == "]")?;
    let has = |word| inner[..len].contains(&word);
    (has("test") && !has("not")).then_some(4 + len + 1)
}

/// Where an item that begins here ends: after its block, or at a semicolon.
fn end_of_item(tokens: &[&str], from: usize) -> usize {
    let mut open = 0;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match *token {
            "{" | "(" | "[" => open += 1,
            "}" | ")" | "]" => open -= 1,
            _ => {}
        }
        if open == 0 && ["}", ";"].contains(token) {
            return at + 1;
        }
    }
    tokens.len()
}

/// Whether the tokens before a `use` make it public.
fn is_public(before: &[&str]) -> bool {
    match before {
        [.., "pub"] => true,
        [.., ")"] => {
            let open = before.iter().rposition(|token| *token == "(");
            open.and_then(|open| open.checked_sub(1)).is_some_and(|at| before[at] == "pub")
        }
        _ => false,
    }
}

/// Reads a tree of a `use` declaration.
fn tree(
    tokens: &[&str],
    at: &mut usize,
    prefix: &mut Vec<String>,
    public: bool,
    imports: &mut Vec<Import>,
) {
    let base = prefix.len();
    loop {
        match tokens.get(*at).copied() {
            Some("::") => *at += 1,
            Some("{") => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| *token != "}") {
                    tree(tokens, at, prefix, public, imports);
                    if tokens.get(*at) == Some(&",") {
                        *at += 1;
                    }
                }
                *at += 1;
                break;
            }
            Some("*") => {
                *at += 1;
                imports.push(Import { path: prefix.clone(), name: None, public });
                break;
            }
            Some(name) if is_name(name) && name != "as" => {
                prefix.push(name.to_owned());
                *at += 1;
            }
            other => {
                let mut path = prefix.clone();
                path.pop_if(|last| last == "self");
                let mut name = path.last().cloned();
                if other == Some("as") {
                    name = tokens.get(*at + 1).map(|&name| name.to_owned());
                    *at += 2;
                }
                imports.push(Import { path, name, public });
                // The loop must also end if this is not a tree.
                if !matches!(tokens.get(*at), Some(&("," | "}" | ";"))) {
                    *at += 1;
                }
                break;
            }
        }
    }
    prefix.truncate(base);
}

/// Reads a path or a single name in the code. Returns the index of the next token.
fn path(tokens: &[&str], from: usize, inline: &[(String, usize)], source: &mut Source) -> usize {
    let before = from.checked_sub(1).map(|at| tokens[at]);
    let mut path = vec![tokens[from].to_owned()];
    let mut at = from + 1;
    while let [Some(&"::"), Some(name)] = [tokens.get(at), tokens.get(at + 1)]
        && is_name(name)
    {
        path.push((*name).to_owned());
        at += 2;
    }
    if [Some("."), Some("fn"), Some("mod"), Some("::")].contains(&before) {
        return at;
    }
    let is_type = path[0].starts_with(|first: char| first.is_ascii_uppercase());
    let is_called = matches!(tokens.get(at), Some(&("(" | "!")));
    if is_type || is_called || path.len() > 1 {
        source.names.insert(path[0].clone());
    }
    if path.len() > 1 {
        source.paths.insert(of_file(path, inline));
    }
    at
}

/// Rewrites a path in a module of the file as if it stood at the top of the file.
fn of_file(path: Vec<String>, inline: &[(String, usize)]) -> Vec<String> {
    let supers = path.iter().take_while(|name| *name == "super").count();
    let is_relative = supers > 0 || path.first().is_some_and(|name| name == "self");
    if inline.is_empty() || !is_relative {
        return path;
    }
    let left = &inline[..inline.len().saturating_sub(supers)];
    let above = vec!["super".to_owned(); supers.saturating_sub(inline.len())];
    let rest = path.into_iter().skip_while(|name| name == "super" || name == "self");
    let start = if above.is_empty() { vec!["self".to_owned()] } else { above };
    start.into_iter().chain(left.iter().map(|(name, _)| name.clone())).chain(rest).collect()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// The names and punctuation marks of a source, without comments, text and lifetimes. `::` is one mark.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += if rest.starts_with(b"//") {
            rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(rest)
        } else if let Some(len) = raw_text(rest) {
            len
        } else if byte == b'"' {
            quoted(rest, b'"')
        } else if byte == b'\'' {
            character(&text[at..])
        } else if rest.starts_with(b"::") {
            tokens.push("::");
            2
        } else if byte.is_ascii_alphanumeric() || byte == b'_' {
            let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_';
            let len = rest.iter().position(is_end).unwrap_or(rest.len());
            tokens.push(&text[at..at + len]);
            len
        } else {
            if byte.is_ascii_punctuation() {
                tokens.push(&text[at..=at]);
            }
            1
        };
    }
    tokens
}

/// The length of a comment in bytes. Comments can be nested.
fn block_comment(rest: &[u8]) -> usize {
    let (mut open, mut at) = (0, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(b"/*") => (open, at) = (open + 1, at + 2),
            Some(b"*/") => (open, at) = (open - 1, at + 2),
            _ => at += 1,
        }
        if open == 0 {
            break;
        }
    }
    at
}

/// The length in bytes of a raw text, if one begins here.
fn raw_text(rest: &[u8]) -> Option<usize> {
    let prefix = ["r", "br", "cr"].iter().find(|prefix| rest.starts_with(prefix.as_bytes()))?.len();
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    let start = prefix + hashes + 1;
    if rest.get(start - 1) != Some(&b'"') {
        return None;
    }
    let end = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let len = rest[start..].windows(end.len()).position(|window| window == end);
    Some(len.map_or(rest.len(), |len| start + len + end.len()))
}

/// The length in bytes of what ends with the mark that it begins with.
fn quoted(rest: &[u8], mark: u8) -> usize {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        at += if byte == b'\\' { 2 } else { 1 };
        if byte == mark {
            break;
        }
    }
    at.min(rest.len())
}

/// The length in bytes of a character, or of a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => quoted(rest.as_bytes(), b'\''),
        (Some(one), Some('\'')) => one.len_utf8() + 2,
        _ => {
            let name = rest[1..].bytes();
            1 + name.take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(text: &str) -> Vec<String> {
        let show = |import: &Import| {
            let name = import.name.as_deref().unwrap_or("*");
            let public = if import.public { "pub " } else { "" };
            format!("{public}{} = {name}", import.path.join("::"))
        };
        read(text).imports.iter().map(show).collect()
    }

    #[test]
    fn trees_are_read() {
        let text = "use crate::a::{self, b::{C, d as e}, f::*};\npub(crate) use super::g;\npub use self::h::I;";
        assert_eq!(
            imports(text),
            [
                "crate::a = a",
                "crate::a::b::C = C",
                "crate::a::b::d = e",
                "crate::a::f = *",
                "pub super::g = g",
                "pub self::h::I = I",
            ]
        );
    }

    #[test]
    fn what_is_no_code_imports_nothing() {
        let text = r##"
            // use crate::a;
            /* use crate::b; /* nested */ use crate::c; */
            const A: &str = "use crate::d; \" crate::e::f()";
            const B: &str = r#"crate::g::h " ()"#;
            const C: (char, char, char) = ('"', '\'', '…');
            fn f<'a>(x: &'a str) -> impl Fn() + use<'a> { move || x.crate_name() }
            #[cfg(test)]
            mod tests { use super::*; fn f() { crate::i::j(); } }
            #[cfg(all(test, unix))]
            use crate::k;
        "##;
        assert_eq!(imports(text), [""; 0]);
        assert!(read(text).paths.is_empty(), "{:?}", read(text).paths);
    }

    #[test]
    fn paths_and_names_are_read() {
        let text = "pub(in crate::l) fn own(x: crate::a::B) { C::new(); d::e::f(x.g()); h(i); let j = k; }";
        let source = read(text);
        let paths: Vec<String> = source.paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["C::new", "crate::a::B", "d::e::f"]);
        let names: Vec<&str> = source.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["C", "crate", "d", "h"]);
    }

    #[test]
    fn a_module_within_the_file_is_of_the_file() {
        let text = "mod a { use super::b; mod c { fn f() { super::super::d::e(); super::super::super::g::h() } } } use super::i;";
        assert_eq!(imports(text), ["self::b = b", "super::i = i"]);
        let paths: Vec<String> = read(text).paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["self::d::e", "super::g::h"]);
    }
}
