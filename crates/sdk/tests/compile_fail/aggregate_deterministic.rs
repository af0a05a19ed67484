use commensal_sdk::Aggregate;

#[derive(Default)]
struct Count(i64);

#[commensal_sdk::aggregate(deterministic)]
impl Aggregate for Count {
    type Arguments<'a> = ();
    type Output = i64;

    fn step(&mut self, (): ()) -> Result<(), String> {
        self.0 += 1;
        Ok(())
    }

    fn finalize(self) -> i64 {
        self.0
    }
}

fn main() {}
