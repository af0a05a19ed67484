//! A process is killed while it changes definitions, and the file is not damaged.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Random, check_sound, connect, constant, create, integer, open, quick, soak};

/// Set in the process that is killed: the database to change.
const KILLED: &str = "COMMENSAL_TEST_KILLED";

/// A module of a few 100 KB, so that writing it takes time. Versions differ.
fn large(version: i64) -> String {
    let wat = constant(version);
    let body = wat.trim_end().strip_suffix(')').unwrap();
    let data = char::from(b'a' + (version % 26) as u8).to_string().repeat(300_000);
    let memory = body.replace("(export \"memory\") 1", "(export \"memory\") 8");
    format!("{memory} (data (i32.const 65536) \"{data}\"))")
}

/// The number of rounds, and the limit if no kill has hit a write yet.
const ROUNDS: usize = 12;
const ROUNDS_MAX: usize = 1000;

#[test]
fn a_killed_process_leaves_a_sound_file() {
    if let Ok(path) = std::env::var(KILLED) {
        change_for_ever(Path::new(&path));
    }
    let mut random = Random::new(5);
    for journal in crate::JOURNALS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("killed.db");
        let (_, connection) = quick(&path, journal, Duration::ZERO);
        create(&connection, "untouched", &constant(1), "").unwrap();
        drop(connection);
        // The kills in the middle of a change, and those that left half of a change in a file.
        let (mut rounds, mut changing, mut unfinished) = (0, 0, 0);
        while rounds < ROUNDS * soak() || unfinished == 0 && rounds < ROUNDS_MAX {
            let delay = Duration::from_micros(random.below(30_000) as u64);
            changing += usize::from(kill(&path, delay) == "changing");
            unfinished += usize::from(is_unfinished(&path, journal));
            check(&path);
            rounds += 1;
        }
        println!(
            "figure: kill -9 while definitions change | {:?}, {journal} | {rounds} kills, {changing} of them \
             in a change; {unfinished} left half of one in the journal; no damage",
            crate::ENGINE
        );
        assert!(changing > 0, "no kill of {rounds} hit a change");
        assert!(unfinished > 0, "no kill of {rounds} left half a change");
    }
}

/// Starts a process, kills it this long after its first change, and returns its last line.
fn kill(path: &Path, delay: Duration) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::a_killed_process_leaves_a_sound_file", "--exact", "--nocapture"])
        .env(KILLED, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "changed"), "the process changes something");
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    lines.last().unwrap_or_else(|| "changed".to_owned())
}

/// Whether the journal holds an unfinished change: a rollback journal that still exists, or frames of a
/// write-ahead log after the last commit
/// ([format](https://www.sqlite.org/fileformat2.html#the_write_ahead_log)).
fn is_unfinished(path: &Path, journal: &str) -> bool {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::read(name).unwrap_or_default()
    };
    if journal != "WAL" {
        return !beside("-journal").is_empty();
    }
    let wal = beside("-wal");
    let Some((header, frames)) = wal.split_at_checked(32) else { return false };
    let page = u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize;
    let frames =
        frames.chunks(24 + page).take_while(|frame| frame.get(8..16) == Some(&header[16..24]));
    frames.last().is_some_and(|frame| frame.len() < 24 + page || frame[4..8] == [0; 4])
}

fn change_for_ever(path: &Path) -> ! {
    let database = open(path);
    let connection = connect(&database);
    let modules: Vec<String> = (0..3).map(large).collect();
    loop {
        for (version, module) in modules.iter().enumerate() {
            println!("changing");
            create(&connection, "f", module, "").unwrap();
            create(&connection, "g", &modules[(version + 1) % 3], "").unwrap();
            connection.execute("DROP FUNCTION g", ()).unwrap();
            println!("changed");
        }
    }
}

fn check(path: &Path) {
    let database = open(path);
    let connection = connect(&database);
    check_sound(&connection);
    assert_eq!(integer(&connection, "SELECT untouched()"), Ok(1));
    assert!((0..3).contains(&integer(&connection, "SELECT f()").unwrap()));
    // The other one is there or not.
    let g = integer(&connection, "SELECT count(*) FROM wasm_functions WHERE name = 'g'").unwrap();
    let answer = integer(&connection, "SELECT g()");
    assert_eq!(answer.is_ok(), g == 1, "{answer:?}");
}
