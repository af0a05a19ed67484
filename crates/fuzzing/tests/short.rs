//! Runs each target over its seeds and a fixed number of mutations, so each run is the same.

use commensal_fuzzing::target;

fn run(name: &str) {
    let target = target(name).unwrap();
    let accepted = target.run_many(1, target.executions_short);
    // A run that refuses all inputs would show nothing.
    assert!(accepted >= 10, "{name}: {accepted} inputs were accepted");
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn every_target_has_a_test() {
            let named = [$(stringify!($name)),*];
            assert!(commensal_fuzzing::TARGETS.iter().map(|target| target.name).eq(named));
        }
    };
}

targets! {
    record manifest module ddl answers answers_turso sql authorize catalog definitions definitions_turso
    differential
}
