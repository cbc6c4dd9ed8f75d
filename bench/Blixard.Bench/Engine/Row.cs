using System.Diagnostics;

namespace Blixard.Bench.Engine;

/// <summary>Measures one row and prints it: rate, latencies and what was allocated for one operation.</summary>
internal sealed class Row(string name)
{
    private readonly List<double> _milliseconds = [];
    private long _allocated;
    private TimeSpan _taken;
    private long _allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
    private long _began = Stopwatch.GetTimestamp();

    public static void Head() => Console.WriteLine(
        $"{"",-44} {"per second",11} {"p50 ms",9} {"p99 ms",9} {"max ms",9} {"bytes/op",9} {"load",12}");

    /// <summary>What follows counts for nothing, neither its time nor its bytes, until <see cref="Go"/>.</summary>
    public void Rest()
    {
        _taken += Stopwatch.GetElapsedTime(_began);
        _allocated += GC.GetTotalAllocatedBytes(precise: true) - _allocatedBefore;
    }

    /// <summary>Again, after a <see cref="Rest"/>.</summary>
    public void Go()
    {
        _allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        _began = Stopwatch.GetTimestamp();
    }

    /// <summary>One that lasted since <paramref name="began"/>, a timestamp. Any thread.</summary>
    public void Done(long began)
    {
        var taken = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        lock (_milliseconds)
        {
            _milliseconds.Add(taken);
        }
    }

    /// <param name="each">Operations that one <see cref="Done"/> stands for.</param>
    public void Print(int each = 1)
    {
        Rest();
        var seconds = _taken.TotalSeconds;
        var operations = (double)_milliseconds.Count * each;
        var bytes = _allocated / operations;
        _milliseconds.Sort();
        Console.WriteLine(
            $"{name,-44} {operations / seconds,11:0} {At(0.5),9:0.000} {At(0.99),9:0.000} {At(1),9:0.000} {bytes,9:0} "
            + $"{Settings.LoadAverage,12}");
    }

    /// <summary>A thing that happens once.</summary>
    public static void Once(string name, TimeSpan taken, string remark = "") =>
        Console.WriteLine($"{name,-44} {taken.TotalMilliseconds,11:0} ms   {remark}   load {Settings.LoadAverage}");

    private double At(double part) => _milliseconds[(int)((_milliseconds.Count - 1) * part)];
}
