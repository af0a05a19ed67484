//! Folders of sources that come from anywhere: for the compiler, everything in them is only a source.

use std::fs;
use std::path::{Path, PathBuf};

use commensal_shim::Build;

const SOURCE: &str = r#"
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
static void one(sqlite3_context *c, int n, sqlite3_value **v) { sqlite3_result_int(c, 1); }
int sqlite3_one_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  return sqlite3_create_function(db, "one", 0, SQLITE_UTF8, 0, one, 0, 0);
}
"#;

fn build(directory: &Path, source: &str) -> Result<(), String> {
    let build = Build {
        sources: vec![PathBuf::from(source)],
        directory: Some(directory.to_owned()),
        ..Build::default()
    };
    build.run().map(|_| ()).map_err(|error| error.to_string())
}

/// Files that a compiler looks for where it works, before it looks where it was told.
#[test]
fn headers_and_objects_of_the_folder_stay_out_of_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    write("src/one.c", SOURCE);
    for name in ["sqlite3ext.h", "sqlite3.h", "call.h", "shim.h"] {
        write(name, "#error \"a header of the folder\"\n");
    }
    for name in ["sqlite3ext.h.pch", "sqlite3ext.h.gch", "crt1-reactor.o", "crt1.o", "libc.a"] {
        write(name, "not what its name says");
    }
    assert_eq!(build(folder.path(), "src/one.c"), Ok(()));
}

/// The name of a file is neither an option nor the name of a file with options in it.
#[test]
fn names_of_sources_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    let ran = folder.path().join("ran");
    let options = format!("-MD -MF '{}' x.c", ran.display());
    fs::write(folder.path().join("x.c"), SOURCE).unwrap();
    for name in ["--version.c", "@.c"] {
        fs::write(folder.path().join(name), SOURCE).unwrap();
        assert_eq!(build(folder.path(), name), Ok(()), "{name}");
    }
    fs::write(folder.path().join("@x.c"), options).unwrap();
    let error = build(folder.path(), "@x.c").unwrap_err();
    assert!(error.contains("cannot be compiled") && !ran.exists(), "{error}");
}

/// A symbol can be any text, and the symbol of an entry point is put into a source.
#[test]
fn entry_points_are_names() {
    let folder = tempfile::tempdir().unwrap();
    let source =
        "int x(void) __asm__(\"sqlite3_a(void); int b_init\");\nint x(void) { return 0; }\n";
    fs::write(folder.path().join("x.c"), source).unwrap();
    let error = build(folder.path(), "x.c").unwrap_err();
    assert!(error.contains("no entry point"), "{error}");
    for entry in ["", "1x", "x(void){return 0;}int y", "é"] {
        let build = Build {
            sources: vec![folder.path().join("x.c")],
            entry: Some(entry.to_owned()),
            ..Build::default()
        };
        let error = build.run().unwrap_err().to_string();
        assert!(error.contains("not the name of a C function"), "{entry}: {error}");
    }
}
