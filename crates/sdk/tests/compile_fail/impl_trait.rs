#[commensal_sdk::function]
fn anything(value: impl Into<String>) -> String {
    value.into()
}

#[commensal_sdk::function]
fn something() -> impl Into<String> {
    "x"
}

fn main() {}
