#[commensal_sdk::function]
unsafe fn dangerous() -> i64 {
    1
}

fn main() {}
