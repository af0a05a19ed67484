#[commensal_sdk::function(determinstic)]
fn misspelt() {}

#[commensal_sdk::function(name)]
fn no_name() {}

#[commensal_sdk::function(name = "")]
fn empty_name() {}

#[commensal_sdk::function(name = "a\0b")]
fn name_with_nul() {}

#[commensal_sdk::function(name = 5)]
fn name_is_a_number() {}

#[commensal_sdk::function(name = "a", name = "b")]
fn two_names() {}

#[commensal_sdk::function(deterministic, deterministic)]
fn two_promises() {}

#[commensal_sdk::function(deterministic = "no")]
fn promise_with_value() {}

fn main() {}
