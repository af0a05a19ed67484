//! What the register allocator of an optimising compiler spends on locals that differ by the way on which a label
//! is reached: an estimate, in units of `optimized_work_max`.
//!
//! For each such local and each way to the label, the allocator tries to keep the values in one register. It
//! then merges what it knows of the one with what it knows of the other, which takes time that grows with all that it
//! has merged before. So a local costs the square of its ways.

use wasmparser::Operator;

use super::weights::{CHANGED_PAIRS, LOOP_WAYS, SQUARE, WAYS_SQUARED};

/// A block, loop or `if` that is open.
#[derive(Debug)]
struct Label {
    is_loop: bool,
    /// Branches to it.
    ways: u64,
    /// Values that its block passes on.
    values: u64,
    /// Locals that are set within it; some may be named twice.
    changed: Vec<u32>,
}

/// The labels of a function and what they cost so far.
#[derive(Debug, Default)]
pub(super) struct Labels {
    open: Vec<Label>,
    loops: u64,
    /// For each local, the ways on which it may differ.
    ways: Vec<u64>,
    /// For each local, the last label that has counted it.
    counted: Vec<u32>,
    closed: u32,
    cost: u64,
    /// From here on nothing is counted, because it is too much already.
    most: u64,
}

impl Labels {
    /// Of a function with so many locals, parameters included. Counts up to `most`.
    pub(super) fn new(locals: usize, most: u64) -> Self {
        let (ways, counted) = (vec![0; locals], vec![0; locals]);
        Self { ways, counted, most, ..Self::default() }
    }

    /// How many labels are open, and how many of them are loops.
    pub(super) fn depth(&self) -> (u64, u64) {
        (self.open.len() as u64, self.loops)
    }

    /// Takes note of an instruction. `values` is what a block that it opens passes on.
    pub(super) fn add(&mut self, operator: &Operator<'_>, values: usize) {
        match operator {
            Operator::Block { .. } => self.open(false, 0, values),
            Operator::Loop { .. } => self.open(true, 0, values),
            Operator::If { .. } => self.open(false, 1, values),
            Operator::End => self.close(),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                if let Some(label) = self.open.last_mut().filter(|_| self.cost <= self.most) {
                    label.changed.push(*local_index);
                }
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                self.branch(*relative_depth);
            }
            Operator::BrTable { targets } => {
                targets.targets().flatten().for_each(|depth| self.branch(depth));
                self.branch(targets.default());
            }
            _ => {}
        }
    }

    /// All that the function costs. It has ended.
    pub(super) fn cost(&self) -> u64 {
        let ways = self.ways.iter().map(|&ways| ways.saturating_mul(ways) / WAYS_SQUARED);
        ways.fold(self.cost, u64::saturating_add)
    }

    fn open(&mut self, is_loop: bool, ways: u64, values: usize) {
        self.loops += u64::from(is_loop);
        self.open.push(Label { is_loop, ways, values: values as u64, changed: Vec::new() });
    }

    fn branch(&mut self, depth: u32) {
        let at = self.open.len().checked_sub(depth as usize + 1);
        if let Some(label) = at.and_then(|at| self.open.get_mut(at)) {
            label.ways += 1;
        }
    }

    fn close(&mut self) {
        let Some(mut label) = self.open.pop() else { return };
        self.loops -= u64::from(label.is_loop);
        if self.cost > self.most {
            return;
        }
        self.closed += 1;
        let Self { counted, closed, .. } = self;
        // A name of a local that there is not is refused elsewhere.
        label.changed.retain(|&local| {
            let last = counted.get_mut(local as usize);
            last.is_some_and(|last| std::mem::replace(last, *closed) != *closed)
        });
        let changed = label.changed.len() as u64;
        self.add_cost(changed);
        if label.ways > 0 {
            // One more way leads there without a branch. What comes back to a loop is merged more often.
            let ways = (label.ways + 1) * if label.is_loop { LOOP_WAYS } else { 1 };
            for &local in &label.changed {
                let all = &mut self.ways[local as usize];
                *all = all.saturating_add(ways);
            }
            let squared = ways.saturating_mul(ways) / WAYS_SQUARED;
            self.add_cost(squared.saturating_mul(label.values));
            let values = changed + label.values;
            let pairs = values.saturating_mul(values).saturating_mul(ways);
            self.add_cost(pairs / CHANGED_PAIRS);
        }
        if let Some(outer) = self.open.last_mut() {
            match outer.changed.is_empty() {
                true => outer.changed = label.changed,
                false => outer.changed.extend_from_slice(&label.changed),
            }
        }
    }

    fn add_cost(&mut self, units: u64) {
        self.cost = self.cost.saturating_add(units);
    }
}

/// What optimising a function costs of so many units, without its labels: short-lived values beside
/// long-lived ones, each of which is tried with each other.
pub(super) fn optimizing(units: u64) -> u64 {
    units.saturating_add(units.saturating_mul(units) / SQUARE)
}
