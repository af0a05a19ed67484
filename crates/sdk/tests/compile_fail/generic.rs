use commensal_sdk::FromArgument;

#[commensal_sdk::function]
fn generic<T: for<'a> FromArgument<'a>>(value: T) -> i64 {
    let _ = value;
    1
}

fn main() {}
