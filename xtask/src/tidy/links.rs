//! Checks that links of the documents to files of the repository and to their own headings lead somewhere.

/// Returns what is wrong with the links of a document. `path` is from the root, as are the paths for `exists`.
pub(super) fn check(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    let anchors: Vec<String> = headings(text).map(anchor).collect();
    for (number, line) in (1..).zip(text.lines()) {
        for link in targets(line) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            if !file.is_empty() && !exists(&resolve(path, file)) {
                problems.push(format!("{path}:{number}: there is no {file}"));
            }
            if file.is_empty() && !anchors.iter().any(|anchor| anchor == heading) {
                problems.push(format!("{path}:{number}: there is no heading #{heading}"));
            }
        }
    }
    problems
}

/// The targets of `[text](target)` in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|after| after.split_once(')')).map(|(target, _)| target)
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'))
}

/// The anchor that GitHub and similar sites give a heading.
fn anchor(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The target from the root, for a link in `path`.
fn resolve(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_somewhere() {
        let exists = |path: &str| ["README.md", "docs/sql.md", "crates/core"].contains(&path);
        for (text, expected) in [
            ("[a](sql.md), [b](../README.md#any) and [c](../crates/core)", None),
            ("[a](https://example.org/x.md)", None),
            ("# WITH: limits, `DROP`\n[a](#with-limits-drop)", None),
            ("\n[a](sq.md)", Some("docs/abi.md:2: there is no sq.md")),
            (
                "[a](sql.md) [b](../docs/none.md)",
                Some("docs/abi.md:1: there is no ../docs/none.md"),
            ),
            ("# One\n[a](#two)", Some("docs/abi.md:2: there is no heading #two")),
        ] {
            let problems = check("docs/abi.md", text, exists);
            assert_eq!(problems.first().map(String::as_str), expected, "{text}");
            assert_eq!(problems.len(), usize::from(expected.is_some()), "{problems:?}");
        }
    }
}
