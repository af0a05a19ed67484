//! A process is killed in the middle of changing definitions; the file is none the worse.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Random, check_sound, connect, constant, create, integer, open, quick, soak};

/// Set in the process that is killed: the database to change.
const KILLED: &str = "COMMENSAL_TEST_KILLED";

/// A module of a few 100 KB, so that writing it takes a while, which differs by version.
fn large(version: i64) -> String {
    let wat = constant(version);
    let body = wat.trim_end().strip_suffix(')').unwrap();
    let data = char::from(b'a' + (version % 26) as u8).to_string().repeat(300_000);
    let memory = body.replace("(export \"memory\") 1", "(export \"memory\") 8");
    format!("{memory} (data (i32.const 65536) \"{data}\"))")
}

#[test]
fn a_killed_process_leaves_a_sound_file() {
    if let Ok(path) = std::env::var(KILLED) {
        change_for_ever(Path::new(&path));
    }
    let test = "kill::a_killed_process_leaves_a_sound_file";
    let mut random = Random::new(5);
    for journal in crate::JOURNALS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("killed.db");
        let (_, connection) = quick(&path, journal, Duration::ZERO);
        create(&connection, "untouched", &constant(1), "").unwrap();
        drop(connection);
        for _ in 0..12 * soak() {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([test, "--exact", "--nocapture"])
                .env(KILLED, &path)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let changes = lines.map_while(Result::ok).filter(|line| line.ends_with("changed"));
            assert_eq!(changes.take(1).count(), 1, "the process changes something");
            std::thread::sleep(Duration::from_micros(random.below(30_000) as u64));
            child.kill().unwrap();
            child.wait().unwrap();
            check(&path);
        }
    }
}

fn change_for_ever(path: &Path) -> ! {
    let database = open(path);
    let connection = connect(&database);
    let modules: Vec<String> = (0..3).map(large).collect();
    loop {
        for (version, module) in modules.iter().enumerate() {
            create(&connection, "f", module, "").unwrap();
            create(&connection, "g", &modules[(version + 1) % 3], "").unwrap();
            println!("changed");
            connection.execute("DROP FUNCTION g", ()).unwrap();
        }
    }
}

fn check(path: &Path) {
    let database = open(path);
    let connection = connect(&database);
    check_sound(&connection);
    assert_eq!(integer(&connection, "SELECT untouched()"), Ok(1));
    assert!((0..3).contains(&integer(&connection, "SELECT f()").unwrap()));
    // The other is there, or it is not.
    let g = integer(&connection, "SELECT count(*) FROM wasm_functions WHERE name = 'g'").unwrap();
    let answer = integer(&connection, "SELECT g()");
    assert_eq!(answer.is_ok(), g == 1, "{answer:?}");
}
