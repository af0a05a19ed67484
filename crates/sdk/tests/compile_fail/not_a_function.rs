#[commensal_sdk::function]
struct Counter;

fn main() {}
