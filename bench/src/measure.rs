//! Measures the times of several variants in interleaved rounds.
//!
//! Knows nothing of what it times.

use std::time::{Duration, Instant};

use crate::size::Outcome;

/// The times of each variant, one for each round.
pub(crate) struct Times(Vec<Vec<f64>>);

impl Times {
    /// The median of a variant, in nanoseconds.
    pub(crate) fn median_ns(&self, variant: usize) -> f64 {
        median(self.0[variant].clone())
    }

    /// The shortest time of a variant, in nanoseconds.
    pub(crate) fn best_ns(&self, variant: usize) -> f64 {
        self.0[variant].iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The median, over the rounds, of a variant's time divided by the time of another one in the same
    /// round.
    pub(crate) fn ratio(&self, variant: usize, to: usize) -> f64 {
        median(self.0[variant].iter().zip(&self.0[to]).map(|(a, b)| a / b).collect())
    }

    /// The median, over the rounds, of a variant's time minus the time of another one in the same round, in
    /// nanoseconds.
    pub(crate) fn difference_ns(&self, variant: usize, to: usize) -> f64 {
        median(self.0[variant].iter().zip(&self.0[to]).map(|(a, b)| a - b).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        len if len.is_multiple_of(2) => (values[len / 2 - 1] + values[len / 2]) / 2.0,
        len => values[len / 2],
    }
}

/// Runs each variant once a round. Each round starts with another variant, so that none always follows
/// the same one. A variant first runs once untimed. `run` returns the time to count.
pub(crate) fn interleaved(
    variants: usize,
    rounds: usize,
    mut run: impl FnMut(usize) -> Outcome<Duration>,
) -> Outcome<Times> {
    for variant in 0..variants {
        run(variant)?;
    }
    let mut times = vec![Vec::with_capacity(rounds); variants];
    for round in 0..rounds {
        for turn in 0..variants {
            let variant = (round + turn) % variants;
            times[variant].push(run(variant)?.as_nanos() as f64);
        }
    }
    Ok(Times(times))
}

/// How long `body` takes.
pub(crate) fn time<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<(Duration, T)> {
    let start = Instant::now();
    let value = body()?;
    Ok((start.elapsed(), value))
}

/// A time in nanoseconds, formatted for people.
pub(crate) fn readable(ns: f64) -> String {
    match ns.abs() {
        n if n < 1e4 => format!("{ns:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}
