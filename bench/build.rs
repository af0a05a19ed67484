//! Compiles the functions in C against the header of the SQLite that the benchmark links.

fn main() {
    const FILES: [&str; 2] = ["native/collation.c", "native/functions.c"];
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    let include = std::env::var("DEP_SQLITE3_INCLUDE")
        .expect("libsqlite3-sys says where the header of the SQLite it builds is");
    cc::Build::new().files(FILES).include(include).compile("commensal_bench_native");
}
