//! A guest that exceeds a limit: each limit has its own fault, and the thread continues.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::support::{
    ENDLESS, Services, budget, call, compile, config, instantiate, module, resolve, run,
};
use commensal_core::Capabilities;
use commensal_core::cache::InstanceCache;
use commensal_core::fault::Fault;
use commensal_core::host::HostState;
use commensal_core::live::{INSTANCE_BYTES, LiveAccount, LiveBytesExceeded};
use commensal_core::runtime::{Metering, StatementBudget};

const SHORT: Duration = Duration::from_millis(30);
/// At least the time between two ticks of a runtime.
const TICK: Duration = Duration::from_millis(10);

#[test]
fn whatever_runs_without_end_is_stopped() {
    for body in [
        "(loop (br 0)) (i32.const 0)",
        "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)) (i32.const 0)",
        "(loop (drop (memory.grow (i32.const 0))) (br 0)) (i32.const 0)",
        // Endless by recursion: each call returns, but there are 2^62 of them.
        "(call $tree (i32.const 62)) (i32.const 0)",
    ] {
        let wat = format!(
            r#"(module (memory (export "memory") 1)
                (func $tree (param i32) (if (local.get 0) (then
                    (call $tree (i32.sub (local.get 0) (i32.const 1)))
                    (call $tree (i32.sub (local.get 0) (i32.const 1))))))
                (func (export "f") (param i32 i32) (result i32) {body}))"#
        );
        assert_eq!(run(&wat, |c| c.call_timeout = SHORT), Err(Fault::CallTimeout), "{body}");
    }
}

/// One function without loops or calls that would copy for seconds.
#[test]
fn bulk_operations_are_stopped() {
    let copies = "(memory.copy (i32.const 0) (i32.const 1) (i32.const 0x2000000))".repeat(1000);
    let wat = format!(
        r#"(module (memory (export "memory") 513)
            (func (export "f") (param i32 i32) (result i32) {copies} (i32.const 0)))"#
    );
    assert_eq!(run(&wat, |c| c.call_timeout = SHORT), Err(Fault::CallTimeout));
}

#[test]
fn instantiation_is_bounded_in_time() {
    for wat in [
        r#"(module (func $f (loop (br 0))) (start $f))"#,
        r#"(module (func (export "_initialize") (loop (br 0))))"#,
    ] {
        let result = instantiate(wat, |c| c.call_timeout = SHORT).map(|_| ());
        assert_eq!(result, Err(Fault::CallTimeout), "{wat}");
    }
}

#[test]
fn the_host_interrupts_from_another_thread() {
    let services = Arc::new(Services::default());
    let mut instance = compile(ENDLESS, Metering::None).instantiate(config(&services)).unwrap();
    let interrupter = thread::spawn({
        let services = Arc::clone(&services);
        move || {
            thread::sleep(SHORT);
            services.interrupted.store(true, Ordering::Relaxed);
        }
    });
    // Otherwise the call would end by its own timeout.
    assert_eq!(call(&mut *instance, "f", 0, 0), Err(Fault::Interrupted));
    interrupter.join().unwrap();
}

/// Cleaning up runs although the host wants the statement to end, but not for long.
#[test]
fn cleaning_up_is_not_interrupted_but_bounded() {
    let services = Arc::new(Services::default());
    services.interrupted.store(true, Ordering::Relaxed);
    let mut instance = compile(ENDLESS, Metering::None).instantiate(config(&services)).unwrap();
    let function = resolve(&mut *instance, "f");
    let mut cleanup = StatementBudget::for_cleanup(SHORT);
    assert!(!cleanup.is_interruptible() && budget().is_interruptible());
    assert_eq!(cleanup.remaining(), SHORT);
    let result = instance.call_records(function, 0, 0, &mut cleanup);
    assert_eq!(result, Err(Box::new(Fault::StatementTimeout)));
    assert!(!cleanup.is_interruptible() && cleanup.remaining().is_zero());
}

#[test]
fn an_idle_instance_does_not_age() {
    let mut instance = instantiate(&module("(loop (br_if 0 (local.get 0))) (i32.const 1)"), |c| {
        c.call_timeout = SHORT;
    })
    .unwrap();
    for _ in 0..3 {
        assert_eq!(call(&mut *instance, "f", 0, 0), Ok(1));
        thread::sleep(2 * SHORT);
    }
    assert_eq!(call(&mut *instance, "f", 1, 0), Err(Fault::CallTimeout));
}

#[test]
fn one_long_call_uses_up_the_statement() {
    let mut instance = instantiate(ENDLESS, |_| {}).unwrap();
    let function = resolve(&mut *instance, "f");
    let mut budget = StatementBudget::new(SHORT);
    let result = instance.call_records(function, 0, 0, &mut budget);
    assert_eq!(
        (result, budget.remaining()),
        (Err(Box::new(Fault::StatementTimeout)), Duration::ZERO)
    );
}

/// Short calls are charged too, by the ticks that fall into them.
#[test]
fn many_short_calls_use_up_the_statement() {
    let mut instance = instantiate(&module("(i32.const 1)"), |_| {}).unwrap();
    let function = resolve(&mut *instance, "f");
    let mut budget = StatementBudget::new(SHORT);
    let began = Instant::now();
    let fault = loop {
        match instance.call_records(function, 0, 0, &mut budget) {
            Ok(value) => assert_eq!(value, 1),
            Err(fault) => break fault,
        }
        assert!(began.elapsed() < Duration::from_secs(60), "left: {:?}", budget.remaining());
    };
    assert_eq!(*fault, Fault::StatementTimeout);
    assert!(began.elapsed() >= SHORT / 2);
}

#[test]
fn a_call_without_ticks_costs_nothing() {
    let mut instance = instantiate(&module("(i32.const 1)"), |_| {}).unwrap();
    let function = resolve(&mut *instance, "f");
    let (mut left, mut calling) = (budget(), Duration::ZERO);
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(instance.call_records(function, 0, 0, &mut left), Ok(1));
        calling += began.elapsed();
        thread::sleep(SHORT);
    }
    // A tick may hit a call, which is then charged for all of it. A busy machine may stop a call for a long
    // time.
    let charged = budget().remaining() - left.remaining();
    assert!(charged <= calling + 5 * TICK, "{charged:?} for {calling:?}");
}

#[test]
fn fuel_is_counted_for_each_call() {
    let count = module(
        "(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0)",
    );
    let mut instance = instantiate(&count, |c| c.fuel = Some(10_000)).unwrap();
    assert_eq!(call(&mut *instance, "f", 100, 0), Ok(0));
    let few = instance.fuel_used().unwrap();
    for _ in 0..20 {
        assert_eq!(call(&mut *instance, "f", 1000, 0), Ok(0));
    }
    let many = instance.fuel_used().unwrap();
    assert!(few > 100 && many > 5 * few && many <= 10_000, "{few} {many}");
    assert_eq!(call(&mut *instance, "f", 1_000_000, 0), Err(Fault::FuelExhausted));

    let unmetered = instantiate(&count, |_| {}).unwrap();
    assert_eq!(unmetered.fuel_used(), None);

    let endless_start = "(module (func $f (loop (br 0))) (start $f))";
    let result = instantiate(endless_start, |c| c.fuel = Some(1000)).map(|_| ());
    assert_eq!(result, Err(Fault::FuelExhausted));
}

#[test]
fn metered_code_also_has_time_limits() {
    let mut limits = config(&Arc::default());
    limits.call_timeout = SHORT;
    let mut instance = compile(ENDLESS, Metering::Fuel).instantiate(limits).unwrap();
    assert_eq!(call(&mut *instance, "f", 0, 0), Err(Fault::CallTimeout));
}

#[test]
fn fuel_needs_metered_code() {
    let mut limits = config(&Arc::default());
    limits.fuel = Some(1);
    let result = compile(ENDLESS, Metering::None).instantiate(limits).map(|_| ());
    assert!(matches!(result, Err(Fault::Runtime(reason)) if reason.contains("fuel")));
}

const REFUSES: &str = r#"(module (memory (export "memory") 1) (table $t 2 funcref) (table $u 2 4 funcref)
    (func (export "grow") (param i32 i32) (result i32) (memory.grow (local.get 0)))
    (func (export "grow_or_trap") (param i32 i32) (result i32)
        (if (result i32) (i32.eq (memory.grow (local.get 0)) (i32.const -1))
            (then unreachable) (else (memory.size))))
    (func (export "table") (param i32 i32) (result i32)
        (drop (table.grow $u (ref.null func) (local.get 1)))
        (table.grow $t (ref.null func) (local.get 0)))
    (func (export "table_or_trap") (param i32 i32) (result i32)
        (if (result i32) (i32.eq (table.grow $t (ref.null func) (local.get 0)) (i32.const -1))
            (then unreachable) (else (table.size $t))))
    (func (export "trap") (param i32 i32) (result i32) unreachable))"#;

#[test]
fn memory_is_limited() {
    let new = || instantiate(REFUSES, |c| c.memory_bytes_max = 3 * 65536).unwrap();
    let mut instance = new();
    assert_eq!(call(&mut *instance, "grow", 2, 0), Ok(1));
    assert_eq!(call(&mut *instance, "grow", 1, 0), Ok(u32::MAX));
    assert_eq!(instance.memory_bytes(), 3 * 65536);
    assert_eq!(call(&mut *new(), "grow_or_trap", 2, 0), Ok(3));
    assert_eq!(call(&mut *new(), "grow_or_trap", 3, 0), Err(Fault::MemoryExhausted));
    // More than there are addresses. A runtime may refuse that without asking for the limit.
    let beyond = call(&mut *new(), "grow_or_trap", 65536, 0);
    assert!(matches!(beyond, Err(Fault::MemoryExhausted | Fault::Trap(_))), "{beyond:?}");
    // The trap of a later call has its own reason.
    assert_eq!(call(&mut *instance, "trap", 0, 0), Err(Fault::Trap("unreachable".into())));

    let result = instantiate(REFUSES, |c| c.memory_bytes_max = 65535).map(|_| ());
    assert_eq!(result, Err(Fault::MemoryExhausted));
}

#[test]
fn tables_are_limited_together() {
    let new = || instantiate(REFUSES, |c| c.table_elements_max = 7).unwrap();
    assert_eq!(call(&mut *new(), "table", 3, 0), Ok(2));
    assert_eq!(call(&mut *new(), "table", 3, 1), Ok(u32::MAX));
    // A growth that the table itself does not permit takes nothing from others.
    assert_eq!(call(&mut *new(), "table", 3, 3), Ok(2));
    assert_eq!(call(&mut *new(), "table_or_trap", 3, 0), Ok(5));
    assert_eq!(call(&mut *new(), "table_or_trap", 4, 0), Err(Fault::TableExhausted));

    let result = instantiate(REFUSES, |c| c.table_elements_max = 3).map(|_| ());
    assert_eq!(result, Err(Fault::TableExhausted));
}

/// Instances that share a ceiling: what one has, the others get only when it is dropped.
#[test]
fn instances_share_a_ceiling() {
    const PAGE: u64 = 65536;
    let bytes_max = 2 * (INSTANCE_BYTES + PAGE) + 6 * PAGE;
    let cache = Arc::new(InstanceCache::new(0, bytes_max));
    let new = || {
        instantiate(REFUSES, |config| {
            config.host = HostState::new(Capabilities::NONE, Arc::<Services>::default() as _)
                .with_account(LiveAccount::new(&cache));
        })
    };
    let (mut one, mut two) = (new().unwrap(), new().unwrap());
    assert_eq!(call(&mut *one, "grow", 4, 0), Ok(1));
    assert_eq!(one.refused(), None);
    assert_eq!(call(&mut *two, "grow", 4, 0), Ok(u32::MAX));
    let exceeded = LiveBytesExceeded { bytes: 4 * PAGE, bytes_max };
    assert_eq!(two.refused(), Some(Fault::LiveBytes(exceeded)));
    // A refused request took nothing.
    assert_eq!(call(&mut *two, "grow", 1, 0), Ok(1));
    assert_eq!(call(&mut *two, "table", 900, 0), Ok(2));
    assert!(matches!(new().map(|_| ()), Err(Fault::LiveBytes(_))));
    assert_eq!(call(&mut *two, "grow_or_trap", 4, 0), Err(Fault::LiveBytes(exceeded)));
    drop(one);
    assert_eq!(call(&mut *two, "grow", 4, 0), Ok(2));
    assert!(cache.live().taken() > INSTANCE_BYTES + 6 * PAGE + 900 * 8);
    drop(two);
    assert_eq!(cache.live().taken(), 0);
}

/// A growth that a runtime begins several times, for example because it needs more fuel, counts once.
#[test]
fn a_growth_counts_once() {
    const PAGE: u64 = 65536;
    let cache = Arc::new(InstanceCache::new(0, 1 << 30));
    let mut instance = instantiate(REFUSES, |config| {
        config.host = HostState::new(Capabilities::NONE, Arc::<Services>::default() as _)
            .with_account(LiveAccount::new(&cache));
    })
    .unwrap();
    let before = cache.live().taken();
    for pages in 0..100 {
        assert_eq!(call(&mut *instance, "grow", 9, 0), Ok(1 + 9 * pages));
    }
    assert_eq!(cache.live().taken() - before, 900 * PAGE);
}

const RECURSES: &str = r#"(module (memory (export "memory") 1)
    (func $f (export "f") (param i32 i32) (result i32)
        (i32.add (i32.const 1) (call $f (local.get 0) (local.get 1))))
    (func (export "one") (param i32 i32) (result i32) (i32.const 1)))"#;

#[test]
fn recursion_ends_and_the_thread_goes_on() {
    let recurse = || {
        for _ in 0..3 {
            assert!(matches!(run(RECURSES, |_| {}), Err(Fault::StackExhausted(_))));
            let mut instance = instantiate(RECURSES, |_| {}).unwrap();
            assert_eq!(call(&mut *instance, "one", 0, 0), Ok(1));
        }
    };
    recurse();
    let small = thread::Builder::new().stack_size(1 << 20).spawn(recurse).unwrap();
    small.join().expect("the thread's stack sufficed");
}

#[test]
fn a_frame_larger_than_the_stack_is_no_crash() {
    // Each value is defined before the host is called and used after it, so each needs a slot.
    let count = 8_000;
    let locals = " i64".repeat(count);
    let mut body = String::new();
    for i in 2..count + 2 {
        body += &format!("(local.set {i} (i64.load (i32.add (local.get 0) (i32.const {i}))))");
    }
    body += "(drop (call $interrupted))";
    for i in 2..count + 2 {
        body += &format!("(local.set 2 (i64.xor (local.get 2) (local.get {i})))");
    }
    let wat = format!(
        r#"(module (import "commensal" "interrupted" (func $interrupted (result i32)))
            (memory (export "memory") 1)
            (func $f (export "f") (param i32 i32) (result i32) (local{locals}) {body}
                (drop (call $f (local.get 0) (local.get 1)))
                (i32.wrap_i64 (local.get 2))))"#
    );
    assert!(matches!(run(&wat, |_| {}), Err(Fault::StackExhausted(_))));
}

#[test]
fn many_threads_call_at_once() {
    let compiled = compile(
        &module(
            "(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)",
        ),
        Metering::None,
    );
    thread::scope(|scope| {
        for id in 0..16 {
            let compiled = &compiled;
            scope.spawn(move || {
                let mut instance = compiled.instantiate(config(&Arc::default())).unwrap();
                let function = resolve(&mut *instance, "f");
                for _ in 0..100 {
                    assert_eq!(instance.call_records(function, 10_000, id, &mut budget()), Ok(id));
                }
                let mut limits = config(&Arc::default());
                limits.call_timeout = SHORT;
                let mut endless = compiled.instantiate(limits).unwrap();
                // Four thousand million rounds.
                assert_eq!(call(&mut *endless, "f", 0, 0), Err(Fault::CallTimeout));
            });
        }
    });
}
