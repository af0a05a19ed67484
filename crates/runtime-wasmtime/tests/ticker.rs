//! The ticker thread starts and ends. The test runs alone in its process, so that nothing else calls.
#![cfg(target_os = "linux")]

mod guarded;
#[path = "../../core/tests/runtime/support.rs"]
mod support;

use std::fs;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use commensal_core::fault::Fault;
use guarded::{Guarded, HAS_STOP_PAGES};
use support::{ENDLESS, call, instantiate, module};

/// Threads of this process that are tickers. The kernel cuts names at 15 bytes.
fn tickers() -> usize {
    fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("commensal-ticke"))
        .count()
}

/// Waits until there are this many, and checks that there are never two. (A thread sets its own name, so it
/// has none at first.)
fn wait_for(expected: usize) {
    let began = Instant::now();
    loop {
        let tickers = tickers();
        assert!(tickers <= 1, "{tickers}");
        if tickers == expected {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{tickers} instead of {expected}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Signals with a handler.
fn handlers() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("SigCgt")).unwrap().to_owned()
}

/// What is the same for guests that ask and for those with a stop page.
fn comes_and_goes() {
    assert_eq!(tickers(), 0);
    let short = Duration::from_millis(30);
    let add = module("(i32.add (local.get 0) (local.get 1))");

    let mut old = instantiate(&add, |_| {}).unwrap();
    assert_eq!(tickers(), 0, "there was no call yet");
    assert_eq!(call(&mut *old, "f", 1, 2), Ok(3));
    wait_for(1);

    // Calls keep it alive, and it stops them. Twenty threads do not start a second one.
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut endless = instantiate(ENDLESS, |c| c.call_timeout = short).unwrap();
                assert_eq!(call(&mut *endless, "f", 0, 0), Err(Fault::CallTimeout));
                wait_for(1);
            });
        }
    });

    let mut endless = instantiate(ENDLESS, |c| c.call_timeout = short).unwrap();
    wait_for(0);
    // An instance that was made while it ran, and one that was never called.
    assert_eq!(call(&mut *old, "f", 3, 4), Ok(7));
    wait_for(1);
    assert_eq!(call(&mut *endless, "f", 0, 0), Err(Fault::CallTimeout));
    wait_for(0);
    let long = Duration::from_millis(1500);
    let mut endless = instantiate(ENDLESS, |c| c.call_timeout = long).unwrap();
    assert_eq!(call(&mut *endless, "f", 0, 0), Err(Fault::CallTimeout), "longer than it idles");
}

#[test]
fn the_ticker_comes_and_goes() {
    let before = handlers();
    comes_and_goes();
    assert_eq!(handlers(), before, "signal handlers belong to the host");
    wait_for(0);
    HAS_STOP_PAGES.store(true, Ordering::Relaxed);
    comes_and_goes();
}

fn runtime() -> Guarded {
    guarded::chosen()
}
