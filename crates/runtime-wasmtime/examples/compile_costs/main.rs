//! The costs of compiling: seconds and bytes for each unit of the budget (`function_work_max`,
//! `module_work_max`), over all instructions and sections, and over bodies that are made to be hard.
//!
//! `cargo run --release -p commensal-runtime-wasmtime --example compile_costs -- COMMAND`
//!
//! - `check [SECONDS [PREFIX]]`: measures everything in all three ways, and fails if a module at the
//!   default limit of its way would take too much. `cargo xtask long worst` runs it. Cases grow until they
//!   take about SECONDS (0.3). A PREFIX selects the cases whose names begin with it, such as `op:I64`. All
//!   cases take an hour. The figures mean something only with the release profile.
//! - `list`: the names of all cases.
//! - `case NAME...`: measures these in all ways. A name may be the path of a module.
//!
//! Each case is compiled in its own process, whose processor time and peak memory are read, so this runs
//! only on Linux.

mod bodies;
mod opcodes;
mod sections;

use std::process::{Command, ExitCode};

use commensal_core::Limits;
use commensal_core::module::{ModuleInfo, segments};
use commensal_core::runtime::{CompileOptions, Effort, Metering, Runtime};
use commensal_runtime_wasmtime::WasmtimeRuntime;

/// The processor time that compiling a module at the limit of its way may take.
const SECONDS_MAX: f64 = 5.0;
/// Memory that it may take.
const BYTES_MAX: f64 = 256e6;

/// The costs of a case.
#[derive(Clone, Debug, Default)]
struct Cost {
    name: String,
    way: String,
    wasm_bytes: usize,
    units: u64,
    memory_units: u64,
    seconds: f64,
    bytes: f64,
    problem: String,
}

impl Cost {
    /// The cost, relative to what is permitted, of a module that spends the whole budget on this. Above 1 it
    /// takes too much.
    fn share(&self) -> f64 {
        let limits = Limits::default();
        let most = match &self.way[..] {
            "optimized" => limits.optimized_work_max,
            "plain" => limits.plain_work_max,
            _ => limits.module_work_max,
        };
        // Other limits stop a module before its work does.
        let section = self.name.strip_prefix("section:");
        let items = section.and_then(|name| name.rsplit(':').next());
        let items: usize = items.and_then(|n| n.parse().ok()).unwrap_or(1);
        let of_functions =
            |name: &str| ["functions", "start"].iter().any(|start| name.starts_with(start));
        let items_max = match section.is_some_and(of_functions) {
            true => limits.module_functions_max,
            false => limits.module_items_max,
        };
        let budgets = most as f64 / self.units.max(1) as f64;
        let budgets = budgets
            .min(limits.module_bytes_max as f64 / self.wasm_bytes.max(1) as f64)
            .min(items_max as f64 / items.max(1) as f64);
        let (seconds, bytes) = (self.seconds - SECONDS_MIN, self.bytes - BYTES_MIN);
        // What the compiler holds for a function is freed with it. The rest stays with the module.
        let memory = match section.is_none() && self.memory_units > 0 {
            true => bytes / self.memory_units as f64 * limits.function_work_max as f64,
            false => bytes * budgets,
        };
        (seconds * budgets / SECONDS_MAX).max(memory / BYTES_MAX)
    }

    fn print(&self) {
        let Self { name, way, wasm_bytes, units, seconds, bytes, problem, .. } = self;
        let (unit, mega) = (*units.max(&1) as f64, bytes / 1e6);
        println!(
            "{:8.2} {way:9} {name:44} {wasm_bytes:9} B {units:12} units {seconds:8.3} s {mega:7.1} MB \
             {:8.1} ns/unit {:7.2} B/unit {problem}",
            self.share(),
            seconds / unit * 1e9,
            bytes / unit
        );
    }
}

/// Subtracted from a case's figures: noise, and the costs of the first module of a process.
const SECONDS_MIN: f64 = 0.03;
const BYTES_MIN: f64 = 4e6;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["check"] => return check(0.3, ""),
        ["check", seconds, prefix @ ..] if prefix.len() < 2 => {
            let prefix = prefix.first().copied().unwrap_or_default();
            return check(seconds.parse().expect("a number of seconds"), prefix);
        }
        ["list"] => cases().iter().for_each(|(name, _)| println!("{name}")),
        ["case", names @ ..] => {
            let all = names.iter().flat_map(|name| WAYS.map(|way| in_child(name, way)));
            all.for_each(|cost| cost.print());
        }
        ["child", way, name] => child(name, effort(way)),
        _ => println!("usage: compile_costs check [SECONDS [PREFIX]] | list | case NAME..."),
    }
    ExitCode::SUCCESS
}

/// The ways to compile a module.
const WAYS: [&str; 3] = ["optimized", "plain", "quick"];

fn effort(way: &str) -> Effort {
    match way {
        "optimized" => Effort::Optimized,
        "plain" => Effort::Plain,
        "quick" => Effort::Quick,
        _ => panic!("{way}: no way to compile"),
    }
}

/// Measures cases in all ways. Quick ones are measured again with a larger size. Prints each result at once.
fn check(seconds: f64, prefix: &str) -> ExitCode {
    let mut costs = Vec::new();
    for (name, first) in cases().into_iter().filter(|(name, _)| name.starts_with(prefix)) {
        for way in WAYS {
            let mut size = first;
            let mut measured: Option<Cost> = None;
            let cost = loop {
                let cost = in_child(&format!("{name}:{size}"), way);
                // A case that is too large for a module was measured with a smaller size before.
                if let Some(cost) = measured.take().filter(|_| !cost.problem.is_empty()) {
                    break cost;
                }
                let enough = cost.seconds > (seconds * 0.3).max(0.12) || !cost.problem.is_empty();
                if enough || cost.wasm_bytes > 16 << 20 || size > 1 << 17 {
                    break cost;
                }
                measured = Some(cost.clone());
                size *= if cost.seconds < seconds * 0.03 { 4 } else { 2 };
            };
            cost.print();
            costs.push(cost);
        }
    }
    costs.sort_by(|a, b| b.share().total_cmp(&a.share()));
    println!("\nthe worst:");
    costs.iter().take(40).for_each(Cost::print);
    let worse = costs.iter().filter(|cost| cost.problem.is_empty() && cost.share() > 1.0).count();
    println!("{worse} of {} cases take more than their units are worth", costs.len());
    if worse > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Names without their size, and the first size.
fn cases() -> Vec<(String, u32)> {
    let mut cases = Vec::new();
    cases.extend(sections::cases());
    cases.extend(bodies::cases());
    cases.extend(opcodes::cases());
    cases
}

/// The module of a case: `section:NAME:N`, `body:NAME:M:N`, `op:NAME:SHAPE:N`, or a file's path.
fn module(name: &str) -> Vec<u8> {
    let words: Vec<&str> = name.split(':').collect();
    let number = |word: &str| word.parse::<u32>().unwrap_or_else(|_| panic!("{word}: no number"));
    match &words[..] {
        ["section", name, n] => sections::module(name, number(n)),
        ["body", name, m, n] => bodies::module(name, number(n), number(m)),
        ["op", code, shape, n] => opcodes::module(code, shape, number(n)),
        _ => std::fs::read(name).unwrap_or_else(|e| panic!("{name}: {e}")),
    }
}

/// No limit except those that cannot be raised.
fn unlimited() -> Limits {
    let mut limits = Limits::default();
    limits.module_bytes_max = usize::MAX;
    limits.module_items_max = usize::MAX;
    limits.module_functions_max = usize::MAX;
    limits.function_bytes_max = usize::MAX;
    limits.function_locals_max = u32::MAX;
    limits.function_branch_targets_max = u32::MAX;
    limits.function_type_values_max = usize::MAX;
    limits.function_work_max = u64::MAX;
    limits.module_work_max = u64::MAX;
    limits.optimized_work_max = u64::MAX;
    limits.plain_work_max = u64::MAX;
    limits
}

/// Measures one case in this process and prints the figures.
fn child(name: &str, effort: Effort) {
    let runtime = WasmtimeRuntime::new();
    let empty = b"\0asm\x01\0\0\0";
    let options = CompileOptions { effort, ..CompileOptions::new(Metering::None) };
    runtime.compile(empty, options).expect("an empty module compiles");
    let wasm = module(name);
    let inspection = ModuleInfo::inspect(&wasm, &unlimited()).expect("it is a module");
    let info = &inspection.info;
    let units = match effort {
        Effort::Optimized => info.optimized_work,
        Effort::Plain => info.plain_work,
        Effort::Quick => info.compile_work,
    };
    let memory = info.function_work;
    if inspection.problems.iter().any(|p| p.message().contains("too long to compile")) {
        println!("{}\t0\t0\t0\t0\trefused: {}", wasm.len(), inspection.problems[0]);
        return;
    }
    drop(inspection);
    let (before, resident) = (processor_seconds(), kilobytes("VmRSS:"));
    // Peak memory counts from here.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let result = runtime.compile(&segments::joined(&wasm), options);
    let seconds = processor_seconds() - before;
    let peak = kilobytes("VmHWM:").saturating_sub(resident);
    let problem = result.err().map(|e| e.to_string().replace('\n', " ")).unwrap_or_default();
    println!("{}\t{units}\t{memory}\t{seconds}\t{}\t{problem}", wasm.len(), peak as f64 * 1024.0);
}

/// Measures one case in its own process.
fn in_child(name: &str, way: &str) -> Cost {
    let program = std::env::current_exe().expect("this program has a path");
    let output =
        Command::new(program).args(["child", way, name]).output().expect("it starts itself");
    let text = String::from_utf8_lossy(&output.stdout);
    let fields: Vec<&str> = text.trim_end().split('\t').collect();
    let [wasm_bytes, units, memory_units, seconds, bytes, rest @ ..] = &fields[..] else {
        let problem = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        return Cost { name: name.to_owned(), way: way.to_owned(), problem, ..Cost::default() };
    };
    Cost {
        name: name.to_owned(),
        way: way.to_owned(),
        memory_units: memory_units.parse().unwrap_or_default(),
        wasm_bytes: wasm_bytes.parse().unwrap_or_default(),
        units: units.parse().unwrap_or_default(),
        seconds: seconds.parse().unwrap_or_default(),
        bytes: bytes.parse().unwrap_or_default(),
        problem: rest.concat(),
    }
}

/// The processor time of this process in seconds, for all threads.
fn processor_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds = tasks.filter_map(|task| {
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() as f64 / 1e9
}

/// A figure of this process's memory.
fn kilobytes(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
