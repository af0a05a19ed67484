#nullable enable
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;

namespace Commensal.Tests
{
    /// <summary>
    /// Runs the tests on a driver: <c>commensal-tests DRIVER [PART OF A NAME]</c>, or with <c>--short</c> those that do not
    /// take long. <c>commensal-tests documentation</c> runs the documentation's programs.
    /// </summary>
    internal static class Program
    {
        internal static int Main(string[] arguments)
        {
            if (arguments[0] == "documentation")
            {
                return Run(Runtime + ", documentation", typeof(Documentation), test => true, folder => new Documentation(folder));
            }
            var driver = Driver.Named(arguments[0]);
            if (arguments.Length == 3 && arguments[1] == "--leave")
            {
                Leaving.Leave(driver, arguments[2]);
                return 0;
            }
            var part = arguments.Length > 1 ? arguments[1] : "";
            return Run(
                Runtime + ", " + driver.Name,
                typeof(Tests),
                name => part == "--short" ? !Tests.Long.Contains(name) : name.Contains(part),
                folder => new Tests(driver, folder));
        }

        private static int Run(string title, Type type, Func<string, bool> isWanted, Func<string, object> make)
        {
            var tests = type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Where(test => isWanted(test.Name))
                .OrderBy(test => test.Name, StringComparer.Ordinal)
                .ToList();
            var failed = 0;
            Console.WriteLine(title + ":");
            foreach (var test in tests)
            {
                var folder = Path.Combine(Path.GetTempPath(), "commensal-tests-" + Guid.NewGuid().ToString("N"));
                Directory.CreateDirectory(folder);
                var clock = Stopwatch.StartNew();
                var result = "ok";
                try
                {
                    test.Invoke(make(folder), null);
                }
                catch (TargetInvocationException error)
                {
                    failed++;
                    result = "FAILED";
                    Console.WriteLine(error.InnerException);
                }
                finally
                {
                    Directory.Delete(folder, true);
                }
                Console.WriteLine("test {0} ... {1} ({2} ms)", test.Name, result, clock.ElapsedMilliseconds);
            }
            Console.WriteLine("{0} passed, {1} failed", tests.Count - failed, failed);
            return failed > 0 || tests.Count == 0 ? 1 : 0;
        }

        internal static bool IsMono => Type.GetType("Mono.Runtime") != null;

        internal static string Runtime =>
            IsMono
                ? "Mono " + Type.GetType("Mono.Runtime")!
                    .GetMethod("GetDisplayName", BindingFlags.NonPublic | BindingFlags.Static)!.Invoke(null, null)
                : System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription;
    }
}
