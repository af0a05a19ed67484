//! Compiles the C sources against the header of the SQLite that the benchmark links.

const SOURCES: [&str; 3] = ["native/collation.c", "native/functions.c", "native/series.c"];

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let include = std::env::var("DEP_SQLITE3_INCLUDE")
        .expect("libsqlite3-sys says where the header of the SQLite it builds is");
    // Sources that are compiled while the benchmark runs use the same header.
    println!("cargo::rustc-env=COMMENSAL_SQLITE_INCLUDE={include}");
    cc::Build::new().files(SOURCES).include(include).compile("commensal_bench_native");
}
