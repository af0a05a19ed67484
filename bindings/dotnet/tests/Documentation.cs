#nullable enable
using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Commensal.Tests
{
    /// <summary>
    /// The programs of the documentation. Each becomes a project that has the package from NuGet's folder, and is compiled
    /// with the stand-ins for Microsoft.Data.Sqlite and Entity Framework Core.
    /// </summary>
    internal sealed class Documentation
    {
        private const string ProjectFile =
            "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType>"
                + "<TargetFramework>$(Framework)</TargetFramework><AssemblyName>program</AssemblyName>"
                + "<Nullable>enable</Nullable><LangVersion>8.0</LangVersion></PropertyGroup><ItemGroup>"
                + "<PackageReference Include=\"Commensal\" Version=\"0.1.0\" /></ItemGroup></Project>";

        private static readonly string Tests = Variable("COMMENSAL_TESTS");

        private readonly string folder;

        internal Documentation(string folder)
        {
            this.folder = folder;
        }

        private static string Variable(string name) => Environment.GetEnvironmentVariable(name)!;

        /// <summary>The programs of a page: its blocks in C#.</summary>
        private static string[] Blocks(string page)
        {
            var text = File.ReadAllText(Path.Combine(Variable("COMMENSAL_DOCS"), page));
            return Regex.Matches(text, "```csharp\n(.*?)```", RegexOptions.Singleline)
                .Cast<Match>().Select(block => block.Groups[1].Value).ToArray();
        }

        /// <summary>Compiles sources to a program, and runs it.</summary>
        private string Program(string name, params string[] sources)
        {
            var place = Project(name, sources);
            Dotnet(place, "build", "--output", "out");
            return Command.Run(place, Command.Dotnet, "exec", "out/program.dll");
        }

        private static void Dotnet(string place, string command, params string[] options)
        {
            var common = new[] { command, "--nologo", "--source", Variable("COMMENSAL_PACKAGES") };
            Command.Run(place, Command.Dotnet, common.Concat(options).ToArray());
        }

        /// <summary>Makes a project of sources, in a folder with the guests and a migration.</summary>
        private string Project(string name, params string[] sources)
        {
            var place = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
            var geo = Path.Combine(Variable("COMMENSAL_TREE"), "guests/prebuilt/geo.wasm");
            Directory.CreateDirectory(Path.Combine(place, "guests/prebuilt"));
            File.Copy(geo, Path.Combine(place, "guests/prebuilt/geo.wasm"));
            Directory.CreateDirectory(Path.Combine(place, "migrations"));
            var migration = Command.Run(place, Variable("COMMENSAL_SHELL"), "sql", "--insert", geo);
            File.WriteAllText(Path.Combine(place, "migrations/V1__geo.sql"), migration);
            File.WriteAllText(Path.Combine(place, "program.csproj"), ProjectFile);
            for (var number = 0; number < sources.Length; number++)
            {
                File.WriteAllText(Path.Combine(place, "Source" + number + ".cs"), sources[number]);
            }
            return place;
        }

        private static string StandIn => File.ReadAllText(Path.Combine(Tests, "StandIn.cs"));

        private static void Has(string text, string output)
        {
            if (!output.Contains(text))
            {
                throw new InvalidOperationException("no " + text + " in: " + output);
            }
        }

        public void TheProgramsOfItsPage()
        {
            var blocks = Blocks("dotnet.md").Where(block => block.Contains("static void Main")).ToArray();
            var printed = new StringBuilder();
            for (var number = 0; number < blocks.Length; number++)
            {
                printed.Append(Program("program" + number, blocks[number], StandIn));
            }
            Has("877 km", printed.ToString());
            Has("endless()", printed.ToString());
            Has("stopped: True", printed.ToString());
        }

        public void PublishedPrograms()
        {
            var place = Project("published", Blocks("dotnet.md")[0], StandIn);
            // The library is in runtimes/PLATFORM/native.
            var platform = new FileInfo(CommensalLibrary.Path).Directory!.Parent!.Name;
            foreach (var isSingle in new[] { false, true })
            {
                File.Delete(Path.Combine(place, "places.db"));
                var single = "-p:PublishSingleFile=" + isSingle;
                Dotnet(place, "publish", "--runtime", platform, "--self-contained", "false", single, "--output", "to" + isSingle);
                // Programs find the runtime by this.
                var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
                Environment.SetEnvironmentVariable("DOTNET_ROOT", Path.GetFullPath(Path.Combine(runtime, "../../..")));
                Has("877 km", Command.Run(place, Path.Combine(place, "to" + isSingle, "program")));
            }
        }

        public void MigrationsInEntityFrameworksStyle()
        {
            var sources = Blocks("migrations.md")
                .Append(StandIn)
                .Append(File.ReadAllText(Path.Combine(Tests, "documentation/EntityFramework.cs")));
            Has("877 km, and nothing after Down", Program("migrations", sources.ToArray()));
        }
    }
}
