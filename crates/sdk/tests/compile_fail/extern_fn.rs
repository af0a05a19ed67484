#[commensal_sdk::function]
extern "C" fn foreign() -> i64 {
    1
}

fn main() {}
