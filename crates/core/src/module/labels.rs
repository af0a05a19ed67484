//! Estimates what the register allocator of an optimising compiler spends on locals that differ by the way to a
//! label, in units of `optimized_work_max`.
//!
//! For each such local and each way to the label, the allocator tries to keep the values in one register. It then
//! merges what it knows of both, which takes time that grows with everything merged before. So a local costs the
//! square of its ways.

use wasmparser::Operator;

use super::weights::{CHANGED_PAIRS, LOOP_WAYS, WAYS_SQUARED};

/// An open block, loop or `if`.
#[derive(Debug)]
struct Label {
    is_loop: bool,
    /// Branches to it.
    ways: u64,
    /// Number of values that its block passes on.
    values: u64,
    /// Locals that are set within it, possibly with repetitions.
    changed: Vec<u32>,
}

/// The open labels of a function and the cost so far.
#[derive(Debug, Default)]
pub(super) struct Labels {
    open: Vec<Label>,
    loops: u64,
    /// For each local, the number of ways on which it may differ.
    ways: Vec<u64>,
    /// For each local, the last label that counted it.
    counted: Vec<u32>,
    closed: u32,
    cost: u64,
    /// Limit of the cost. Nothing is counted beyond it.
    most: u64,
}

impl Labels {
    /// The labels of a function with this many locals, parameters included. Counts up to `most`.
    pub(super) fn new(locals: usize, most: u64) -> Self {
        let (ways, counted) = (vec![0; locals], vec![0; locals]);
        Self { ways, counted, most, ..Self::default() }
    }

    /// Number of open labels, and how many of them are loops.
    pub(super) fn depth(&self) -> (u64, u64) {
        (self.open.len() as u64, self.loops)
    }

    /// Adds an instruction. `values` is the number of values that a block it opens passes on.
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

    /// The total cost of the function, once it has ended.
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
        // The validator refuses indexes of locals that do not exist.
        label.changed.retain(|&local| {
            let last = counted.get_mut(local as usize);
            last.is_some_and(|last| std::mem::replace(last, *closed) != *closed)
        });
        let changed = label.changed.len() as u64;
        self.add_cost(changed);
        if label.ways > 0 {
            // One more way leads there without a branch. Ways back to a loop count more, because they are merged
            // more often.
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
