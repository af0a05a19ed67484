struct NoText;

#[commensal_sdk::function]
fn fails() -> Result<i64, NoText> {
    Err(NoText)
}

fn main() {}
