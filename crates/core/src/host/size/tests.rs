//! Statements that are refused, and statements that are not.

use super::Definitions;

fn refused(definitions: &mut Definitions, sql: &str) -> bool {
    definitions.check(sql, 1000).is_err()
}

/// `WITH` and `n` expressions. Each uses the one before as `body` says.
fn ctes(n: usize, body: &str) -> String {
    let mut sql = "WITH c0 AS (SELECT 1 AS x)".to_owned();
    for i in 1..=n {
        sql += &format!(", c{i} AS ({})", body.replace("%", &format!("c{}", i - 1)));
    }
    sql + &format!(" SELECT * FROM c{n}")
}

#[test]
fn what_doubles_is_refused_however_it_is_written() {
    for body in [
        "SELECT 1 AS x FROM % a, % b",
        "SELECT 1 AS x FROM (% a, % b)",
        "SELECT 1 AS x FROM (SELECT 1), % a, % b",
        "SELECT 1 AS x FROM % window, % a",
        "SELECT 1 AS x FROM % NATURAL JOIN (% AS b)",
        "SELECT (SELECT x FROM %) + (SELECT x FROM '%')",
        "SELECT x FROM % WHERE x IN % AND x NOT IN [%]",
        "SELECT x FROM % UNION SELECT x FROM \"%\"",
        "SELECT x FROM % a JOIN `%` ON a.x IS DISTINCT FROM 1, %",
    ] {
        let mut none = Definitions::default();
        assert!(refused(&mut none, &ctes(30, body)), "{body}");
        assert!(!refused(&mut none, &ctes(5, body)), "{body}");
    }
}

#[test]
fn common_table_expressions_are_found_where_sqlite_finds_them() {
    let mut none = Definitions::default();
    // Expressions defined later, and within one of the same name, and hidden by an inner one elsewhere.
    let later: Vec<_> =
        (0..30).map(|i| format!("c{i} AS (SELECT 1 FROM c{} a, c{} b)", i + 1, i + 1)).collect();
    let later = format!("WITH {}, c30 AS (SELECT 1) SELECT * FROM c0", later.join(", "));
    assert!(refused(&mut none, &later));
    let mut inner = "SELECT 1".to_owned();
    for _ in 0..30 {
        inner = format!("WITH x AS ({inner}) SELECT 1 FROM x, x");
    }
    assert!(refused(&mut none, &inner));
    let hidden = ctes(30, "SELECT 1 AS x FROM % a, % b, (WITH c0 AS (SELECT 1) SELECT * FROM c0)");
    assert!(refused(&mut none, &hidden));
    assert!(refused(&mut none, &ctes(30, "SELECT 1 FROM %, %").replace("c29", "materialized")));
    let hints = ctes(30, "SELECT 1 FROM %, %").replace("AS (", "AS NOT MATERIALIZED (");
    assert!(refused(&mut none, &hints));
}

#[test]
fn ordinary_statements_pass() {
    let mut none = Definitions::default();
    let columns = ctes(50, "SELECT %.x, %.x + 1 AS y FROM % WHERE %.x > 1 ORDER BY %.x, %.x");
    assert!(!refused(&mut none, &columns));
    let recursive =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n";
    assert!(!refused(&mut none, recursive));
    assert!(!refused(&mut none, &ctes(90, "SELECT x FROM %")));
    assert!(refused(&mut none, &ctes(110, "SELECT x FROM %")), "too deep");
}

#[test]
fn columns_count_wherever_they_are_used() {
    let mut none = Definitions::default();
    for body in [
        "SELECT x + x AS x FROM %",
        "SELECT 1, x || c(d, (2 * (x))) AS x FROM %",
        "SELECT (SELECT x + x) AS x FROM %",
        "SELECT EXISTS (SELECT 1 WHERE x = x) AS x FROM %",
        "SELECT x IS NOT DISTINCT FROM x AS x FROM %",
        "SELECT CASE x WHEN [x] THEN 1 END x FROM (%)",
        "SELECT * FROM (SELECT \"x\" + `x` AS x FROM (SELECT * FROM %))",
        "SELECT 1 UNION ALL SELECT x + x FROM % WHERE x",
        "SELECT x IN (SELECT x) AS x FROM %",
    ] {
        assert!(refused(&mut none, &ctes(30, body)), "{body}");
        assert!(!refused(&mut none, &ctes(6, body)), "{body}");
    }
    let mut nested = "SELECT a AS x FROM t".to_owned();
    for _ in 0..30 {
        nested = format!("SELECT x * 2 - x AS x FROM ({nested})");
    }
    assert!(refused(&mut none, &nested));
    assert!(!refused(&mut none, &nested.replace(" - x AS x", " AS x")));
    let many = vec!["x + x"; 1000].join(", ");
    assert!(!refused(&mut none, &format!("SELECT {many} FROM (SELECT {many} FROM t)")));
}

#[test]
fn views_count_wherever_they_are_reached() {
    let mut definitions = Definitions::default();
    definitions.add_view("v0", "CREATE VIEW v0 AS SELECT 1 AS a");
    for i in 0..30 {
        let sql = format!("CREATE VIEW v{} AS SELECT a.a FROM v{i} a, main.v{i} b", i + 1);
        definitions.add_view(&format!("v{}", i + 1), &sql);
    }
    definitions.add_view("harmless", "CREATE VIEW harmless AS SELECT 1 FROM t, v1");
    definitions.add_trigger("T", "CREATE TRIGGER g INSERT ON t BEGIN SELECT * FROM v30; END");
    for sql in [
        "SELECT * FROM v30",
        "SELECT * FROM main.\"V30\"",
        "WITH v30 AS (SELECT 1) SELECT * FROM main.v30",
        "INSERT INTO t VALUES (1)",
        "PRAGMA table_info(v30)",
        "SELECT * FROM \"PRAGMA_table_list\"",
        "ALTER TABLE u RENAME TO w",
        "DROP VIEW v30",
        "EXPLAIN QUERY PLAN SELECT * FROM v30",
    ] {
        assert!(refused(&mut definitions, sql), "{sql}");
    }
    for sql in
        ["SELECT * FROM t, harmless", "SELECT v30.a FROM harmless v30", "INSERT INTO u VALUES (1)"]
    {
        assert!(!refused(&mut definitions, sql), "{sql}");
    }
}

#[test]
fn long_ways_from_table_to_table_are_refused() {
    let mut triggers = Definitions::default();
    let mut keys = Definitions::default();
    for i in 0..200 {
        let next = i + 1;
        let sql = format!(
            "CREATE TRIGGER g AFTER INSERT ON t{i} BEGIN INSERT INTO t{next} VALUES (1); END"
        );
        triggers.add_trigger(&format!("t{i}"), &sql);
        keys.add_table(
            &format!("t{next}"),
            &format!("CREATE TABLE t{next}(a REFERENCES t{i} ON DELETE CASCADE)"),
        );
    }
    for definitions in [&mut triggers, &mut keys] {
        assert!(refused(definitions, "DELETE FROM t0"));
        assert!(!refused(definitions, "DELETE FROM t150"));
        assert!(!refused(definitions, "SELECT * FROM t0"));
    }
    // The engine may enter a cycle anywhere.
    triggers.add_trigger("t200", "CREATE TRIGGER g DELETE ON t200 BEGIN DELETE FROM t0; END");
    assert!(refused(&mut triggers, "DELETE FROM t150"));
}

#[test]
fn what_hides_copies_is_counted() {
    // A window with the view's name.
    let mut views = Definitions::default();
    views.add_view("v0", "CREATE VIEW v0 AS SELECT a FROM t");
    for i in 1..=30 {
        let sql = format!("CREATE VIEW v{i} AS SELECT a + a AS a FROM v{}", i - 1);
        views.add_view(&format!("v{i}"), &sql);
    }
    for sql in [
        "SELECT sum(a) OVER v30 FROM v30 WINDOW v30 AS (ORDER BY a)",
        "WITH v30 AS (SELECT 1) SELECT (SELECT sum(a) OVER v30 FROM main.v30 WINDOW v30 AS (ORDER BY a))",
    ] {
        assert!(refused(&mut views, sql), "{sql}");
    }
    let hidden = ctes(30, "SELECT a + a AS a FROM %");
    let hidden =
        format!("{hidden} WHERE (SELECT sum(a) OVER c30 FROM c30 WINDOW c30 AS (ORDER BY a))");
    assert!(refused(&mut views, &hidden));
    let mut none = Definitions::default();
    // A query within a query within an expression.
    let mut correlated = "SELECT a AS x FROM t".to_owned();
    for _ in 0..30 {
        correlated = format!("SELECT (SELECT y FROM (SELECT x + x AS y)) AS x FROM ({correlated})");
    }
    assert!(refused(&mut none, &correlated));
    // An alias of a large column.
    let (large, uses) = (vec!["a"; 3000].join(" + "), vec!["x"; 3000].join(", "));
    assert!(refused(&mut none, &format!("SELECT {large} AS x FROM t WHERE 1 IN ({uses})")));
    // All columns, doubled each time.
    let mut stars = format!("SELECT {} AS x FROM t", vec!["a"; 1000].join(" + "));
    for _ in 0..10 {
        stars = format!("SELECT *, * FROM ({stars})");
    }
    assert!(refused(&mut none, &stars));
    // Compounds within one another.
    let terms = " EXCEPT SELECT 1".repeat(40);
    assert!(!refused(&mut none, &ctes(1, &format!("SELECT x FROM %{terms}"))));
    assert!(refused(&mut none, &ctes(30, &format!("SELECT x FROM %{terms}"))));
}

#[test]
fn generated_columns_count_with_those_that_they_use() {
    let mut tables = Definitions::default();
    let columns: Vec<_> = (1..=40)
        .map(|i| format!("g{i} INT GENERATED ALWAYS AS (g{0} + \"g{0}\")", i - 1))
        .collect();
    tables.add_table("t", &format!("CREATE TABLE t(g0, {})", columns.join(", ")));
    tables.add_table("u", "CREATE TABLE u(a, b AS (a + a), c AS (b || b), d AS (d))");
    assert!(refused(&mut tables, "SELECT g40 FROM t"));
    assert!(refused(&mut tables, "SELECT * FROM main.T"));
    assert!(!refused(&mut tables, "SELECT a, b, c, d FROM u ORDER BY c, b"));
}

#[test]
fn many_tables_with_one_parent_are_ordinary() {
    let mut tables = Definitions::default();
    tables.add_table("users", "CREATE TABLE users(id, boss REFERENCES users ON DELETE SET NULL)");
    for i in 0..300 {
        let action = if i < 150 { "ON DELETE CASCADE" } else { "" };
        let sql = format!("CREATE TABLE c{i}(id, owner REFERENCES users(id) {action})");
        tables.add_table(&format!("c{i}"), &sql);
    }
    for sql in ["INSERT INTO users VALUES (1, NULL)", "DELETE FROM users", "UPDATE c1 SET id = 1"] {
        assert!(!refused(&mut tables, sql), "{sql}");
    }
}

#[test]
fn windows_are_copied_for_each_over() {
    let statement = |overs: usize, columns: usize| {
        let overs = vec!["coalesce(sum(x) OVER w, 0)"; overs].join(", ");
        let columns = vec!["y"; columns].join(", ");
        format!("SELECT {overs} FROM t WINDOW v AS (PARTITION BY {columns}), w AS (v ORDER BY x)")
    };
    let mut none = Definitions::default();
    assert!(refused(&mut none, &statement(1000, 1000)));
    assert!(!refused(&mut none, &statement(100, 100)));
    // Each use of a common table expression copies them again.
    let uses = |overs| {
        format!(
            "WITH c AS ({}) SELECT 1 {}",
            statement(overs, 50),
            "UNION SELECT 1 FROM c ".repeat(50)
        )
    };
    assert!(refused(&mut none, &uses(200)));
    assert!(!refused(&mut none, &uses(5)));
}

#[test]
fn conditions_are_copied_into_each_query_below() {
    let mut definitions = Definitions::default();
    let arms = vec!["SELECT x FROM t"; 400].join(" UNION ALL ");
    definitions.add_view("v", &format!("CREATE VIEW v AS {arms}"));
    definitions.add_view("w", "CREATE VIEW w AS SELECT * FROM (SELECT x FROM v)");
    let condition = |terms| vec!["x <> 1"; terms].join(" AND ");
    for from in ["v", "w", "(SELECT * FROM w)"] {
        for clause in ["WHERE", "JOIN t ON", "GROUP BY x HAVING"] {
            let sql = |terms| format!("SELECT * FROM {from} {clause} {}", condition(terms));
            assert!(refused(&mut definitions, &sql(500)), "{from} {clause}");
            assert!(!refused(&mut definitions, &sql(100)), "{from} {clause}");
        }
    }
    assert!(!refused(&mut definitions, &format!("SELECT * FROM t WHERE {}", condition(2000))));
}

#[test]
fn conditions_of_a_table_are_compiled_for_each_write() {
    let mut definitions = Definitions::default();
    let check = vec!["x <> 1"; 1000].join(" AND ");
    definitions.add_table("t", &format!("CREATE TABLE t(x, y AS (x + 1), CHECK ({check}))"));
    definitions.add_index("u", &format!("CREATE INDEX i ON u(x) WHERE {check}"));
    for table in ["t", "u"] {
        let trigger = |writes: usize| {
            let insert = format!("INSERT INTO {table} VALUES (1); ");
            format!("CREATE TRIGGER g AFTER INSERT ON a BEGIN {} END", insert.repeat(writes))
        };
        definitions.add_trigger("often", &trigger(300));
        definitions.add_trigger("rarely", &trigger(5));
        assert!(refused(&mut definitions, "INSERT INTO often VALUES (1)"), "{table}");
        assert!(!refused(&mut definitions, "INSERT INTO rarely VALUES (1)"), "{table}");
    }
    assert!(!refused(&mut definitions, "SELECT * FROM t, u"));
    // Expressions of indexes are copied where the table is read.
    assert!(!refused(&mut definitions, "SELECT * FROM u"));
    assert!(refused(&mut definitions, &format!("SELECT * FROM u{}", ", u".repeat(200))));
}

#[test]
fn numbers_in_a_list_of_order_stand_for_columns() {
    let statement = |list: &str, clause: &str, ordinals: usize| {
        let ordinals = vec!["1"; ordinals].join(", ");
        format!("SELECT x IN ({list}) FROM t {clause} {ordinals}")
    };
    let list = vec!["1"; 5_000].join(", ");
    let mut none = Definitions::default();
    for clause in ["ORDER BY", "GROUP BY"] {
        assert!(refused(&mut none, &statement(&list, clause, 1_000)), "{clause}");
        assert!(!refused(&mut none, &statement(&list, clause, 10)), "{clause}");
    }
    // Elsewhere a number is a number.
    assert!(!refused(&mut none, &format!("SELECT {list} FROM t WHERE x IN ({list}) LIMIT 1")));
}

#[test]
fn what_is_compared_with_all_others_is_counted() {
    let mut none = Definitions::default();
    for (one, between, most) in [("x = :x", " OR ", 5_000), ("x = 'a'", " AND ", 10_000)] {
        let statement =
            |count: usize| format!("SELECT 1 FROM t WHERE {}", vec![one; count].join(between));
        assert!(refused(&mut none, &statement(most + 1)), "{one}");
        assert!(!refused(&mut none, &statement(most / 2)), "{one}");
    }
    let overs = |count: usize| {
        format!("SELECT {} FROM t", vec!["sum(x) OVER (ORDER BY x)"; count].join(", "))
    };
    assert!(refused(&mut none, &overs(501)));
    assert!(!refused(&mut none, &overs(250)));
    let with = |count: usize| {
        let ctes: Vec<_> = (0..count).map(|i| format!("c{i} AS (SELECT 1)")).collect();
        format!("WITH {} SELECT 1", ctes.join(", "))
    };
    assert!(refused(&mut none, &with(2_001)));
    assert!(!refused(&mut none, &with(1_000)));
}

#[test]
fn literals_are_short_where_something_searches() {
    let long = "x".repeat(600);
    let mut definitions = Definitions::default();
    definitions.add_view("v", &format!("CREATE VIEW v AS SELECT '{long}' AS a"));
    for (sql, is_refused) in [
        (format!("SELECT '{long}', '{long}', a FROM v"), false),
        (format!("SELECT instr('{long}', 'x')"), false),
        (format!("SELECT instr('{long}', '{long}')"), true),
        (format!("SELECT 1 WHERE '{long}' LIKE '{long}'"), true),
        (format!("SELECT 1 FROM v WHERE a > \"instr\"('{long}', 'x')"), true),
        (format!("SELECT 1 WHERE 1 > instr('{long}', 'x')"), false),
    ] {
        assert_eq!(refused(&mut definitions, &sql), is_refused, "{sql}");
    }
}

#[test]
fn aggregates_are_compared_with_all_before_them() {
    let sums = |count: usize, terms: usize| {
        let sum = format!("sum({}1)", "1 + ".repeat(terms));
        format!("SELECT {}", vec![sum; count].join(", "))
    };
    let mut definitions = Definitions::default();
    for (count, terms, is_refused) in [(1900, 120, true), (1900, 1, false), (100, 500, false)] {
        assert_eq!(
            refused(&mut definitions, &sums(count, terms)),
            is_refused,
            "{count} of {terms}"
        );
    }
}
