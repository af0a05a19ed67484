#nullable enable
using System;
using System.Collections.Generic;

namespace Commensal
{
    /// <summary>What <see cref="CommensalExtensions.LoadCommensal"/> loads, and how.</summary>
    /// <example>
    /// <code>new CommensalOptions { Settings = { ["call_timeout_ms"] = 500, ["allow"] = "clock" } }</code>
    /// </example>
    public sealed class CommensalOptions
    {
        /// <summary>
        /// Settings of <c>wasm_config</c>: limits of guests (<c>call_timeout_ms</c>), capabilities granted to them
        /// (<c>allow</c>), and others. Only these can loosen anything. <c>null</c> is SQL's NULL.
        /// </summary>
        public IDictionary<string, object?> Settings { get; } =
            new SortedDictionary<string, object?>(StringComparer.Ordinal);

        /// <summary>The loadable extension's path, instead of <see cref="CommensalLibrary.Path"/>.</summary>
        public string? Library { get; set; }
    }
}
