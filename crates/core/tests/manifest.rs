//! The contents of manifests, the reasons for refusing them, and that writing them loses nothing.

use std::collections::BTreeMap;

use commensal_core::manifest::{
    Aggregate, AggregateMethod, CallForm, Collation, Column, Eponymous, Function, Json, Manifest,
    Operator, Param, Signature, Table, TableMethod, Type,
};
use commensal_core::{ErrorKind, Limits, StorageClass};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn parse(text: &str) -> Manifest {
    Manifest::parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Parses after the header and a new line.
#[track_caller]
fn refused(text: &str, message: &str) {
    let text = format!("{{\"abi\":1}}\n{text}");
    let error = Manifest::parse(text.as_bytes(), &Limits::default()).expect_err(&text);
    assert_eq!(error.message(), message, "{text}");
    assert_eq!(error.kind(), ErrorKind::Manifest);
}

#[test]
fn every_kind() {
    let manifest = parse(
        r#"{"abi":1,"info":{"version":"1.2.0","authors":["a","b"]}}
        {"function":{"name":"slugify","export":"s","params":["text"],"returns":"text","deterministic":true}}{"function":{"name":"g"}}
        {"function":{"name":"f","params":["integer","real?","any..."],"subtype":true,"bind":"b"}}
        {"aggregate":{"name":"geomean","params":["real"],"init":"i","step":"s","inverse":"n","value":"v","finalize":"z","drop":"d"}}
        {"table":{"name":"split","columns":[{"name":"part","type":"text"},{"name":"input","type":"any","hidden":true}],"open":"o","next":"n","close":"c"}}
        {"table":{"name":"vec0","connect":"c","disconnect":"d","best_index":"b","open":"o","filter":"f","next":"n","close":"l","update":"u","eponymous":true}}
        {"collation":{"name":"natural","compare":"c"}}
        {"type":{"name":"point","base":"blob","params":["integer?"],"encode":"e","decode":"d","operators":[{"op":"<","function":"point_lt"}]}}"#,
    );
    let slugify = &manifest.functions[0];
    assert_eq!((&slugify.name[..], &slugify.export[..]), ("slugify", "s"));
    assert!(slugify.deterministic && !slugify.subtype);
    assert_eq!(slugify.signature.argument_count(), 1);
    assert_eq!(
        slugify.signature.param(0),
        Some(Param { class: Some(StorageClass::Text), nullable: false })
    );
    assert_eq!(slugify.signature.param(1), None);
    assert_eq!(slugify.signature.returns, Some(StorageClass::Text));

    let undeclared = &manifest.functions[1];
    assert_eq!((&undeclared.export[..], &undeclared.signature), ("g", &Signature::ANY));
    assert_eq!(undeclared.signature.argument_count(), -1);

    let variadic = &manifest.functions[2].signature;
    assert_eq!(variadic.params.len(), 2);
    assert_eq!(variadic.argument_count(), -1);
    assert_eq!(variadic.param(1), Some(Param { class: Some(StorageClass::Real), nullable: true }));
    assert_eq!(variadic.param(100), Some(Param::ANY));
    assert!(manifest.tables[1].is_virtual() && !manifest.tables[0].is_virtual());
    assert_eq!(manifest.types[0].base, StorageClass::Blob);
    assert_eq!(manifest.exports().count(), 1 + 1 + 2 + 6 + 3 + 8 + 1 + 2);
    assert_eq!(parse(&manifest.to_json()), manifest);
    assert!(
        manifest.to_json().starts_with(
            "{\"abi\":1,\"info\":{\"authors\":[\"a\",\"b\"],\"version\":\"1.2.0\"}}\n"
        )
    );
}

#[test]
fn the_example_of_the_document() {
    let document = include_str!("../../../docs/abi.md");
    let (_, example) = document.split_once("```json\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let manifest = parse(example);
    assert_eq!(manifest.functions[0].name, "slugify");
    // It is canonical text, except for defaults that may be left out.
    assert_eq!(manifest.to_json(), example);
}

#[test]
fn fragments() {
    let manifest = parse(
        " \r\n{\"abi\":1}{\"abi\":1}\t{\"function\":{\"name\":\"f\"}}{\"abi\":1,\"info\":{}}",
    );
    assert_eq!(manifest.functions.len(), 1);
    assert!(parse("{\"abi\":1}").is_empty());
    // Brackets and quotes in strings do not end an object.
    let manifest = parse(r#"{"abi":1}{"function":{"name":"}\"{\\"}}"#);
    assert_eq!(manifest.functions[0].name, "}\"{\\");
}

#[test]
fn versions() {
    let message = |text: &str| {
        Manifest::parse(text.as_bytes(), &Limits::default()).expect_err(text).message().to_owned()
    };
    let missing = "the manifest has no {\"abi\":…}: it does not say for which ABI version it is (this \
                   version of Commensal knows 1)";
    assert_eq!(message(""), missing);
    assert_eq!(message("{\"function\":{\"name\":\"f\"}}"), missing);
    for (version, shown) in [("2", "2"), ("1.5", "1.5"), ("\"1\"", "a string"), ("null", "null")] {
        assert_eq!(
            message(&format!("{{\"abi\":1}}\n{{\"abi\":{version}}}")),
            format!(
                "manifest, line 2: it is written for ABI version {shown}; this version of Commensal \
                 knows ABI version 1"
            )
        );
    }
}

#[test]
fn text_that_is_no_manifest() {
    let cases: &[(&str, &str)] = &[
        ("hello", "manifest, line 2, column 1: expected an object, which begins with \"{\""),
        ("{}", "manifest, line 2: expected an object with one field, the kind of what it declares"),
        (" [1]", "manifest, line 2, column 2: expected an object, which begins with \"{\""),
        ("{\"function\":{", "manifest, line 2, column 1: the object is not closed"),
        ("{\"function\":\n  {\"name\" 1}}", "manifest, line 3, column 11: expected `:`"),
        (
            "{\"function\":{\"name\":\"f\",\"name\":\"g\"}}",
            "manifest, line 2, column 35: the field \"name\" occurs twice",
        ),
        (
            "{\"function\":{\"name\":\"\\ud800\"}}",
            "manifest, line 2, column 28: unexpected end of hex escape",
        ),
        (
            "{\"a\":1,\"b\":2}",
            "manifest, line 2: expected an object with one field, the kind of what it declares",
        ),
        ("{\"function\":1}", "manifest, line 2: \"function\" must be an object, but is a number"),
        (
            "{\"index\":{\"name\":\"f\"}}",
            "manifest, line 2: unknown kind \"index\"; this version of Commensal knows ABI version 1 \
             with function, aggregate, table, collation and type; a newer one may know it",
        ),
        (
            "{\"abi\":1,\"info\":[]}",
            "manifest, line 2: \"info\" must be an object, but is an array",
        ),
        (
            "{\"info\":{\"a\":1}}{\"info\":{\"a\":2}}",
            "manifest, line 2: \"info\" is given a second time and differs",
        ),
        (
            "{\"abi\":1,\"lang\":1}",
            "manifest, line 2: unknown field \"lang\"; this version of Commensal knows ABI version 1, a \
             newer one may know it",
        ),
    ];
    for (text, message) in cases {
        refused(text, message);
    }
    let error =
        Manifest::parse(b"{\"abi\":1}{\"function\":{\"name\":\"\xff\"}}", &Limits::default());
    assert_eq!(
        error.unwrap_err().message(),
        "manifest, line 1, column 31: invalid unicode code point"
    );
}

#[test]
fn declarations_that_are_wrong() {
    let unknown = "; this version of Commensal knows ABI version 1, a newer one may know it";
    let classes = "known are integer, real, text, blob and any";
    let cases: &[(&str, &str)] = &[
        ("{\"function\":{}}", "function: \"name\" is missing"),
        ("{\"function\":{\"name\":1}}", "function: \"name\" must be a string, but is a number"),
        ("{\"function\":{\"name\":\"\"}}", "function: \"name\" is empty"),
        ("{\"function\":{\"name\":\"a\\u0000\"}}", "function: \"name\" contains a NUL character"),
        ("{\"function\":{\"name\":\"f\",\"export\":\"\"}}", "function \"f\": \"export\" is empty"),
        (
            "{\"function\":{\"name\":\"f\",\"pure\":true}}",
            &format!("function \"f\": unknown field \"pure\"{unknown}"),
        ),
        (
            "{\"function\":{\"name\":\"f\",\"deterministic\":1}}",
            "function \"f\": \"deterministic\" must be true or false, but is a number",
        ),
        (
            "{\"function\":{\"name\":\"f\",\"params\":\"text\"}}",
            "function \"f\": \"params\" must be an array, but is a string",
        ),
        (
            "{\"function\":{\"name\":\"f\",\"params\":[1]}}",
            "function \"f\": a parameter must be a string, but is a number",
        ),
        (
            "{\"function\":{\"name\":\"f\",\"params\":[\"any\",\"int\"]}}",
            "function \"f\": parameter 2 is \"int\"; known are integer, real, text, blob and any, \
             with \"?\" after it to allow NULL, and \"...\" at the end of the last to allow any \
             number",
        ),
        (
            "{\"function\":{\"name\":\"f\",\"params\":[\"any...\",\"text\"]}}",
            "function \"f\": parameter 1 is \"any...\", but only the last can be variadic",
        ),
        (
            "{\"function\":{\"name\":\"f\",\"returns\":\"null\"}}",
            &format!("function \"f\": \"returns\" is \"null\"; {classes}"),
        ),
        (
            "{\"function\":{\"name\":\"f\"}}{\"function\":{\"name\":\"F\"}}",
            "function \"F\": declared twice with any number of arguments",
        ),
        (
            "{\"function\":{\"name\":\"f\",\"params\":[\"any\"]}}{\"aggregate\":{\"name\":\"f\",\"params\":[\"real\"],\"init\":\"i\",\"step\":\"s\",\"finalize\":\"z\",\"drop\":\"d\"}}",
            "aggregate \"f\": declared twice with 1 argument",
        ),
        ("{\"aggregate\":{\"name\":\"a\",\"init\":\"i\"}}", "aggregate \"a\": \"step\" is missing"),
        (
            "{\"aggregate\":{\"name\":\"a\",\"init\":\"i\",\"step\":\"s\",\"finalize\":\"z\",\"drop\":\"d\",\"inverse\":\"n\"}}",
            "aggregate \"a\": \"value\" is missing",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"open\":\"o\",\"next\":\"n\"}}",
            "table \"t\": \"close\" is missing",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"open\":\"o\",\"next\":\"n\",\"close\":\"c\"}}",
            "table \"t\": \"columns\" is missing or empty",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"columns\":[{\"name\":\"a\"}],\"open\":\"o\",\"next\":\"n\",\"close\":\"c\",\"update\":\"u\"}}",
            "table \"t\": \"update\" needs \"connect\"",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"columns\":[{\"name\":\"a\"}],\"open\":\"o\",\"next\":\"n\",\"close\":\"c\",\"eponymous\":\"only\"}}",
            "table \"t\": \"eponymous\" needs \"connect\"",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"connect\":\"c\",\"nochange\":true}}",
            "table \"t\": \"nochange\" needs \"update\"",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"connect\":\"c\",\"eponymous\":1}}",
            "table \"t\": \"eponymous\" must be true, false or \"only\", but is a number",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"connect\":\"c\",\"eponymous\":\"always\"}}",
            "table \"t\": \"eponymous\" is \"always\"; known is \"only\"",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"connect\":\"c\",\"create\":\"c\",\"disconnect\":\"d\",\"best_index\":\"b\",\"open\":\"o\",\"filter\":\"f\",\"next\":\"n\",\"close\":\"l\",\"eponymous\":true}}",
            "table \"t\": an eponymous table is never created, so \"create\" cannot be there",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"connect\":\"c\"}}",
            "table \"t\": \"disconnect\" is missing",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"columns\":[{\"name\":\"a\"},{\"name\":\"A\"}]}}",
            "table \"t\": column 2: the name \"A\" is taken",
        ),
        (
            "{\"table\":{\"name\":\"t\",\"columns\":[{\"name\":\"a\",\"type\":\"date\"}]}}",
            &format!("table \"t\": column 1: \"type\" is \"date\"; {classes}"),
        ),
        (
            "{\"table\":{\"name\":\"t\",\"columns\":[{\"name\":\"a\",\"key\":1}]}}",
            &format!("table \"t\": column 1: unknown field \"key\"{unknown}"),
        ),
        ("{\"collation\":{\"name\":\"c\"}}", "collation \"c\": \"compare\" is missing"),
        (
            "{\"collation\":{\"name\":\"c\",\"compare\":\"f\"}}{\"collation\":{\"name\":\"C\",\"compare\":\"f\"}}",
            "collation \"C\": declared twice",
        ),
        (
            "{\"type\":{\"name\":\"t\",\"base\":\"any\",\"encode\":\"e\",\"decode\":\"d\"}}",
            "type \"t\": \"base\" is \"any\"; known are integer, real, text and blob",
        ),
        (
            "{\"type\":{\"name\":\"t\",\"base\":\"blob\",\"params\":[\"text...\"],\"encode\":\"e\",\"decode\":\"d\"}}",
            "type \"t\": the parameters of a type cannot be variadic",
        ),
        (
            "{\"type\":{\"name\":\"t\",\"base\":\"blob\",\"encode\":\"e\",\"decode\":\"d\",\"operators\":[{\"op\":\"!\",\"function\":\"f\"}]}}",
            "type \"t\": operator 1: \"op\" is \"!\"; known are < <= > >= = <> + - * / % || ->",
        ),
    ];
    for (text, message) in cases {
        refused(text, &format!("manifest, line 2: {message}"));
    }
    let many = vec!["\"any\""; 128].join(",");
    refused(
        &format!("{{\"function\":{{\"name\":\"f\",\"params\":[{many}]}}}}"),
        "manifest, line 2: function \"f\": has 128 parameters, more than the 127 that SQLite allows",
    );
    let name = "é".repeat(128);
    refused(
        &format!("{{\"function\":{{\"name\":\"{name}\"}}}}"),
        "manifest, line 2: function: \"name\" has 256 bytes, more than name_bytes_max = 255",
    );
    assert_eq!(
        parse("{\"abi\":1}{\"function\":{\"name\":\"f\",\"params\":[\"...\"]}}").functions[0]
            .signature,
        Signature::ANY
    );
    // Arities are different functions.
    let two = parse(
        r#"{"abi":1}{"function":{"name":"f","params":["any"]}}{"function":{"name":"f","params":[]}}"#,
    );
    assert_eq!(
        two.functions.iter().map(|f| f.signature.argument_count()).collect::<Vec<_>>(),
        [1, 0]
    );
}

#[test]
fn limits() {
    let check = |text: &str, change: fn(&mut Limits), message: &str| {
        let mut limits = Limits::default();
        change(&mut limits);
        let error = Manifest::parse(text.as_bytes(), &limits).expect_err(text);
        assert_eq!(error.message(), message);
    };
    check(
        "{\"abi\":1}",
        |l| l.manifest_bytes_max = 8,
        "the manifest has 9 bytes, more than manifest_bytes_max = 8, which the host can raise",
    );
    check(
        "{\"abi\":1}\n{}",
        |l| l.manifest_objects_max = 1,
        "manifest, line 2: more objects than manifest_objects_max = 1, which the host can raise",
    );
    check(
        "{\"abi\":1,\"info\":{\"a\":[0,0,0]}}",
        |l| l.manifest_values_max = 8,
        "manifest, line 1, column 1: the manifest has more values than manifest_values_max = 8, which \
         the host can raise",
    );
    let deep = format!("{{\"info\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    check(
        &deep,
        |_| {},
        "manifest, line 1, column 1: nested deeper than manifest_depth_max = 16, which the host can raise",
    );
    // Even a host that allows any depth does not overflow its stack.
    check(
        &deep,
        |l| {
            l.manifest_depth_max = usize::MAX;
            l.manifest_values_max = usize::MAX;
        },
        "manifest, line 1, column 135: recursion limit exceeded",
    );
}

/// Names as guests may choose them: all characters except NUL.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,8}", "[^\\x00]{1,20}"]
}

fn class() -> impl Strategy<Value = StorageClass> {
    prop::sample::select(vec![
        StorageClass::Integer,
        StorageClass::Real,
        StorageClass::Text,
        StorageClass::Blob,
    ])
}

fn param() -> impl Strategy<Value = Param> {
    (of(class()), any::<bool>())
        .prop_map(|(class, nullable)| Param { class, nullable: nullable || class.is_none() })
}

fn signature() -> impl Strategy<Value = Signature> {
    (vec(param(), 0..5), of(param()), of(class())).prop_map(|(params, variadic, returns)| {
        Signature { params, variadic, returns, form: CallForm::Records }
    })
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|n| Json::Number(n.into())),
        any::<f64>().prop_map(|n| serde_json::Number::from_f64(n).map_or(Json::Null, Json::Number)),
        any::<String>().prop_map(Json::Text),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::List),
            object(inner).prop_map(Json::Object)
        ]
    })
}

fn object(value: impl Strategy<Value = Json>) -> impl Strategy<Value = Vec<(String, Json)>> {
    prop::collection::btree_map(any::<String>(), value, 0..4)
        .prop_map(|map| map.into_iter().collect())
}

fn function() -> impl Strategy<Value = Function> {
    (name(), name(), signature(), any::<bool>(), any::<bool>(), of(name())).prop_map(
        |(name, export, signature, deterministic, subtype, bind)| Function {
            name,
            export,
            signature,
            deterministic,
            subtype,
            bind,
        },
    )
}

fn methods<M: Copy + Ord + std::fmt::Debug>(
    needed: &'static [M],
    optional: &'static [M],
) -> impl Strategy<Value = BTreeMap<M, String>> {
    let needed: Vec<_> = needed.iter().map(|&m| name().prop_map(move |n| (m, n))).collect();
    let optional: Vec<_> =
        optional.iter().map(|&m| of(name()).prop_map(move |n| n.map(|n| (m, n)))).collect();
    (needed, optional).prop_map(|(needed, optional)| {
        needed.into_iter().chain(optional.into_iter().flatten()).collect()
    })
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    use AggregateMethod::{Drop, Finalize, Init, Inverse, Step, Value};
    let methods = methods(&[Init, Step, Value, Finalize, Drop], &[Inverse]);
    (name(), signature(), any::<bool>(), of(name()), methods).prop_map(
        |(name, signature, subtype, bind, methods)| Aggregate {
            name,
            signature,
            subtype,
            bind,
            methods,
        },
    )
}

fn table() -> impl Strategy<Value = Table> {
    use TableMethod::{
        BestIndex, Close, Connect, Create, Disconnect, Filter, Next, Open, RollbackTo, Update,
    };
    let column = (of(class()), any::<bool>());
    let columns = vec(column, 1..4).prop_map(|columns| {
        let name = |i: usize| format!("c{i}");
        let column = |(i, (class, hidden))| Column { name: name(i), class, hidden };
        columns.into_iter().enumerate().map(column).collect::<Vec<_>>()
    });
    let kind = prop_oneof![
        (methods(&[Open, Next, Close], &[]), Just(Eponymous::No)),
        (
            methods(
                &[Connect, Disconnect, BestIndex, Open, Filter, Next, Close],
                &[Create, Update, RollbackTo]
            ),
            Just(Eponymous::No)
        ),
        (
            methods(
                &[Connect, Disconnect, BestIndex, Open, Filter, Next, Close],
                &[Update, RollbackTo]
            ),
            prop_oneof![Just(Eponymous::Yes), Just(Eponymous::Only)]
        ),
    ];
    (name(), columns, any::<bool>(), of(name()), kind).prop_map(
        |(name, columns, nochange, bind, (methods, eponymous))| {
            let nochange = nochange && methods.contains_key(&Update);
            Table { name, columns, eponymous, nochange, bind, methods }
        },
    )
}

fn custom_type() -> impl Strategy<Value = Type> {
    let operators = of(name()).prop_map(|function| {
        function.map(|function| Operator { op: "<=".to_owned(), function }).into_iter().collect()
    });
    (name(), class(), vec(param(), 0..3), name(), name(), of(name()), operators).prop_map(
        |(name, base, params, encode, decode, bind, operators)| Type {
            name,
            base,
            params,
            encode,
            decode,
            bind,
            operators,
        },
    )
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let collation = (name(), name(), of(name())).prop_map(|(name, compare, bind)| Collation {
        name,
        compare,
        bind,
    });
    let lists = (
        vec(function(), 0..4),
        vec(aggregate(), 0..3),
        vec(table(), 0..3),
        vec(collation, 0..3),
        vec(custom_type(), 0..3),
    );
    (object(json()), lists).prop_map(
        |(info, (functions, aggregates, tables, collations, types))| {
            let mut manifest = Manifest { info, functions, aggregates, tables, collations, types };
            // A different prefix for each makes the names different.
            let names = (manifest.functions.iter_mut().map(|o| &mut o.name))
                .chain(manifest.aggregates.iter_mut().map(|o| &mut o.name))
                .chain(manifest.tables.iter_mut().map(|o| &mut o.name))
                .chain(manifest.collations.iter_mut().map(|o| &mut o.name))
                .chain(manifest.types.iter_mut().map(|o| &mut o.name));
            for (i, name) in names.enumerate() {
                name.insert_str(0, &format!("{i}:"));
            }
            manifest
        },
    )
}

proptest! {
    #[test]
    fn the_canonical_text_reads_back_equal(manifest in manifest()) {
        let text = manifest.to_json();
        let again = parse(&text);
        prop_assert_eq!(&again, &manifest);
        prop_assert_eq!(again.to_json(), text.clone());
        // Without line ends, as after linking.
        prop_assert_eq!(parse(&text.replace("}\n{", "}{")), manifest);
    }

    #[test]
    fn bytes_are_refused_or_read(text in "[\\[\\]{}\":,a-z0-9\\\\ \n]{0,60}") {
        if let Ok(manifest) = Manifest::parse(text.as_bytes(), &Limits::default()) {
            prop_assert!(manifest.is_empty());
        }
    }
}
