#nullable enable
using System;
using System.Collections.Generic;
using System.Globalization;

namespace Commensal
{
    /// <summary>What may follow the name and the module in CREATE FUNCTION and CREATE EXTENSION.</summary>
    public sealed class WasmClauses
    {
        /// <summary>The module's export. Without it, it has the function's name. Only for functions.</summary>
        public string? Export { get; set; }

        /// <summary>Promises that the result depends only on the arguments. Only for functions.</summary>
        public bool Deterministic { get; set; }

        /// <summary>Replaces a definition of this name.</summary>
        public bool Replace { get; set; }

        /// <summary>Keeps a definition of this name.</summary>
        public bool IfNotExists { get; set; }

        /// <summary>Rebuilds the indexes that depend on a replaced definition.</summary>
        public bool CascadeReindex { get; set; }

        /// <summary>The longest that a call may take.</summary>
        public TimeSpan? Timeout { get; set; }

        /// <summary>The fuel of a call.</summary>
        public long? Fuel { get; set; }

        /// <summary>The most memory of an instance, in MiB.</summary>
        public long? MemoryMb { get; set; }

        /// <summary>Asks for capabilities, separated by commas.</summary>
        public string? Allow { get; set; }

        /// <summary>Begins all names of an extension.</summary>
        public string? Prefix { get; set; }

        /// <summary>Leaves out names of an extension, separated by commas.</summary>
        public string? Without { get; set; }

        internal string Statement(string kind, string name)
        {
            var words = new List<string> { Replace ? "CREATE OR REPLACE" : "CREATE", kind };
            if (IfNotExists)
            {
                words.Add("IF NOT EXISTS");
            }
            words.Add(Quoted(name, "\""));
            words.Add("LANGUAGE wasm AS ?");
            if (Export != null)
            {
                words.Add("EXPORT " + Quoted(Export, "'"));
            }
            if (Deterministic)
            {
                words.Add("DETERMINISTIC");
            }
            var with = With();
            if (with.Count > 0)
            {
                words.Add("WITH (" + string.Join(", ", with) + ")");
            }
            if (CascadeReindex)
            {
                words.Add("CASCADE REINDEX");
            }
            return string.Join(" ", words);
        }

        private List<string> With()
        {
            var with = new List<string>();
            void Number(string option, long? value)
            {
                if (value != null)
                {
                    with.Add(option + " = " + value.Value.ToString(CultureInfo.InvariantCulture));
                }
            }
            void Text(string option, string? value)
            {
                if (value != null)
                {
                    with.Add(option + " = " + Quoted(value, "'"));
                }
            }
            Number("timeout_ms", Timeout == null ? (long?)null : Math.Max((long)Timeout.Value.TotalMilliseconds, 1));
            Number("fuel", Fuel);
            Number("memory_mb", MemoryMb);
            Text("allow", Allow);
            Text("prefix", Prefix);
            Text("without", Without);
            return with;
        }

        internal static string Quoted(string name, string quote)
        {
            return quote + name.Replace(quote, quote + quote) + quote;
        }
    }
}
