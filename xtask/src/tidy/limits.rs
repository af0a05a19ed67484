//! Each limit of the core has a test that sets it, because a limit that nothing enforces is worse than none.

/// The file with the limits.
const LIMITS: &str = "crates/core/src/limits.rs";

/// Returns what is wrong with the limits. The sources come with their paths from the root.
pub(super) fn check(files: &[(String, String)]) -> Vec<String> {
    let text = files.iter().find(|(path, _)| path == LIMITS).map_or("", |(_, text)| text);
    let fields: Vec<&str> = fields(text).collect();
    if fields.is_empty() {
        return vec![format!("{LIMITS}: no fields of `Limits` were found")];
    }
    let is_tested = |field: &str| {
        let sets = [format!(".{field} = "), format!("{field}: ")];
        files.iter().any(|(path, text)| {
            path.contains("/tests/") && sets.iter().any(|set| text.contains(set.as_str()))
        })
    };
    let untested = fields.into_iter().filter(|field| !is_tested(field));
    untested.map(|field| format!("{LIMITS}: no test sets the limit {field}")).collect()
}

/// The fields of the structure.
fn fields(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .skip_while(|line| !line.starts_with("pub struct Limits {"))
        .take_while(|line| !line.starts_with('}'))
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(": "))
        .map(|(field, _)| field)
        .filter(|field| !field.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_without_a_test_is_found() {
        let limits = "pub struct Limits {\n    /// Doc.\n    pub one: u32,\n    pub two: u64,\n}\n";
        let with = |test: &str| {
            let test = ("crates/a/tests/a.rs".to_owned(), test.to_owned());
            check(&[(LIMITS.to_owned(), limits.to_owned()), test])
        };
        assert_eq!(with("l.one = 5; Limits { two: 7 }"), Vec::<String>::new());
        assert_eq!(
            with("l.one == 5; l.two = 7"),
            [format!("{LIMITS}: no test sets the limit one")]
        );
        assert_eq!(check(&[]).len(), 1);
    }
}
