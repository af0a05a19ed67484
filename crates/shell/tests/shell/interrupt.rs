//! Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::Folder;

#[test]
fn ends_the_running_statement_and_what_follows() {
    let folder = Folder::new();
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c;";
    let mut child = folder
        .command(&[":memory:", sql, "SELECT 'after'"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    stdout.read_line(&mut text).unwrap();
    assert_eq!(text, "1\n");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    stdout.read_to_string(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("interrupt"), "{stderr}");
    assert_eq!(output.status.code(), Some(1));
    assert!(!text.contains("after"));
}

#[test]
fn ends_the_process_when_nothing_runs() {
    let folder = Folder::new();
    let mut child =
        folder.command(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // A statement without its end does not run.
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"SELECT 1;\n").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "1\n");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(stdin);
}
