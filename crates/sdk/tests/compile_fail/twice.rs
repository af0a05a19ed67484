#[commensal_sdk::function]
#[commensal_sdk::function]
fn twice() -> i64 {
    1
}

fn main() {}
