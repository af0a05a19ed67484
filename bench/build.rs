//! Compiles what is written in C against the header of the SQLite that the benchmark links.

const SOURCES: [&str; 3] = ["native/collation.c", "native/functions.c", "native/series.c"];

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let include = std::env::var("DEP_SQLITE3_INCLUDE")
        .expect("libsqlite3-sys says where the header of the SQLite it builds is");
    // What is compiled while the benchmark runs is compiled against it, too.
    println!("cargo::rustc-env=COMMENSAL_SQLITE_INCLUDE={include}");
    cc::Build::new().files(SOURCES).include(include).compile("commensal_bench_native");
}
